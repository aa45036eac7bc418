// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import Store
internal import SystemPackage

/// The variables that point Hugging Face programs at the view of a lock, and keep them off the network.
package struct ChildEnvironment: Sendable {
    let session: Session
    let project: Project

    /// Prepares the variables of a project.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// The variables, in the order of their names.
    ///
    /// - Throws: `Failure` with code `usage` when the deliverables have several views and none was named.
    package func variables(for name: DeliverableName?) throws(Failure) -> [(name: String, value: String)] {
        let lock = try project.lock()
        let manifest = try project.manifestIfPresent()
        if let name, lock.deliverable(name) == nil { throw OutdatedCheck.unknown(name, lock) }
        let layout = Layout(
            lock, manifest, project: project.directory, home: session.settings.home, store: session.store)
        let parts = layout.parts.filter { part in name.map { part.deliverables.contains($0) } ?? true }
        guard let part = parts.first else {
            throw Failure(.lockFile, "the lock holds no deliverable", hint: "run `weighlock add` and `weighlock lock`")
        }
        guard parts.count == 1 else {
            throw Failure(
                .usage, "the deliverables have \(parts.count) views", hint: "name one with `--deliverable`",
                details: parts.map {
                    $0.deliverables.map(\.description).joined(separator: ", ") + ": " + $0.view.directory.string
                })
        }
        session.markUsed(layout)
        let cache = part.view.directory.string
        return [
            ("HF_DATASETS_OFFLINE", "1"),
            ("HF_HUB_CACHE", cache),
            ("HF_HUB_DISABLE_TELEMETRY", "1"),
            ("HF_HUB_OFFLINE", "1"),
            ("HUGGINGFACE_HUB_CACHE", cache),
            ("TRANSFORMERS_OFFLINE", "1"),
            ("WEIGHLOCK_IDENTITY", lock.identity.description),
        ]
    }
}
