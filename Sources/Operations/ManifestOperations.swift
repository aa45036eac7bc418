// SPDX-License-Identifier: Apache-2.0

package import ContentModel
package import Deliverable
internal import FileIO
package import SystemPackage

/// `weighlock init`, `add` and `remove`: edits of the manifest that keep everything else in it. Nothing is asked of a Hub.
package enum ManifestOperations {
    /// Writes a manifest that explains itself into a directory that has none.
    package static func initialise(_ directory: FilePath) throws(Failure) -> Project {
        let project = Project(directory: directory)
        guard !FileSystem.exists(project.manifestPath) else {
            throw Failure(
                .manifest, "`\(project.manifestPath.string)` exists already",
                hint: "run `weighlock add` to add a model to it")
        }
        try project.writeManifest(Manifest.template())
        return project
    }

    /// Adds a deliverable.
    ///
    /// - Returns: the name it got.
    package static func add(
        _ request: SourceRequest, as name: DeliverableName?, to project: Project
    ) throws(Failure) -> DeliverableName {
        let name = name ?? DeliverableName.suggested(for: request.repository)
        try project.writeManifest(try Manifest.adding(request, as: name, to: try project.manifestText()))
        return name
    }

    /// Removes a deliverable.
    package static func remove(_ name: DeliverableName, from project: Project) throws(Failure) {
        try project.writeManifest(try Manifest.removing(name, from: try project.manifestText()))
    }
}
