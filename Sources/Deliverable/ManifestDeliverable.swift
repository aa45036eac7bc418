// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One deliverable as the manifest asks for it.
package struct ManifestDeliverable: Sendable, Hashable {
    /// Its name in the project.
    package let name: DeliverableName
    /// Its sources on a Hub, in the order of their roles. Without a `model` only when `unsupported` says why.
    package let sources: [ManifestSource]
    /// The directory of the view as written, relative to the manifest.
    package let cacheDirectory: String?
    /// How it is started.
    package let launch: LaunchRequest?
    /// The requirements file, relative to the manifest.
    package let packages: RelativePath?
    /// The project's files that are prompts, relative to the manifest.
    package let prompts: [FilePattern]
    /// Keys that the format knows and this version cannot carry out, with their place, as in
    /// `` `image` at weighlock.yaml:12 ``. A command that would act on the deliverable has to refuse.
    package let unsupported: [String]

    /// Creates a deliverable; sorts the sources by role.
    package init(
        name: DeliverableName, sources: [ManifestSource], cacheDirectory: String? = nil, launch: LaunchRequest? = nil,
        packages: RelativePath? = nil, prompts: [FilePattern] = [], unsupported: [String] = []
    ) {
        self.name = name
        self.sources = sources.sorted { $0.role < $1.role }
        self.cacheDirectory = cacheDirectory
        self.launch = launch
        self.packages = packages
        self.prompts = prompts
        self.unsupported = unsupported
    }

    /// What is asked for under `role`, if anything.
    package func request(for role: SourceRole) -> SourceRequest? { sources.first { $0.role == role }?.request }
}
