// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a project's manifest resolved to: the content of `weighlock.lock`. Specified in `docs/formats/lock.md`.
package struct Lock: Hashable, Sendable {
    /// The deliverables, sorted by the bytes of their names.
    package let deliverables: [LockedDeliverable]

    /// The name that the file has in a project.
    package static let fileName = "weighlock.lock"

    /// Creates a lock; sorts the deliverables.
    package init(deliverables: [LockedDeliverable]) {
        self.deliverables = deliverables.sorted { $0.name < $1.name }
    }

    /// The deliverable called `name`.
    package func deliverable(_ name: DeliverableName) -> LockedDeliverable? { deliverables.first { $0.name == name } }

    /// The identity of the whole project: the SHA-256 of the lines `<identity>  <name>`, sorted by name.
    package var identity: Digest {
        Digest(of: deliverables.map { "\($0.identity)  \($0.name)\n" }.joined())
    }

    /// The one text of this lock: the bytes of `weighlock.lock`.
    package var canonicalText: String { LockWriter.text(self) }

    /// The same lock without what is only known once the bytes have been seen: what was decided, and what the history keeps.
    package var decision: Lock {
        Lock(deliverables: deliverables.map { $0.with(tensors: nil, scan: nil, replacements: []) })
    }

    /// The SHA-256 of the text of `decision`: two locks that differ in what is known of their bytes have the same.
    package var digest: Digest { Digest(of: decision.canonicalText) }

    /// Reads a lock and checks all of it: values, recorded digests, and that the text is the canonical one.
    ///
    /// `file` is the name that errors show, between backticks. At most `LockReader.maximumSize` (64 MiB) are read.
    ///
    /// - Throws: `Failure` with code `lockFile` that says what is wrong, where, expected and found.
    package static func parse(_ text: String, file: String = fileName) throws(Failure) -> Lock {
        try LockReader(file: file).lock(text)
    }
}
