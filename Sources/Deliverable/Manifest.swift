// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// What a project asks for: the content of `weighlock.yaml`. Specified in `docs/formats/manifest.md`.
package struct Manifest: Sendable, Hashable {
    /// The Hub's URL, without a `/` at the end; nil when the manifest does not say.
    package let endpoint: String?
    /// The deliverables in the order of the file; names are unique.
    package let deliverables: [ManifestDeliverable]
    /// What the project allows.
    package let policy: Policy

    /// The name that the file has in a project.
    package static let fileName = "weighlock.yaml"

    /// Creates a manifest.
    package init(endpoint: String? = nil, deliverables: [ManifestDeliverable] = [], policy: Policy = Policy()) {
        self.endpoint = endpoint
        self.deliverables = deliverables
        self.policy = policy
    }

    /// The deliverable called `name`.
    package func deliverable(_ name: DeliverableName) -> ManifestDeliverable? { deliverables.first { $0.name == name } }

    /// Reads a manifest in the long or the short form.
    ///
    /// `file` is the name that errors show. At most `YAMLText.maximumSize` (1 MiB) are read.
    ///
    /// - Throws: `Failure` with code `manifest`; the message begins with `file:line:column` and says what was expected
    ///   and found, the hint what to write.
    package static func parse(_ text: String, file: String = fileName) throws(Failure) -> Manifest {
        try ManifestReader(yaml: YAMLText(text, file: file)).manifest()
    }

    /// The manifest that `init` writes: no deliverables, and comments that show what can be said.
    package static func template() -> String {
        """
        # What this project needs from model repositories. `weighlock lock` turns the names into commits and digests.
        version: 1

        # endpoint: https://huggingface.co    # another Hub or a mirror

        # `weighlock add namespace/name` adds an entry here. Written out, one looks like this:
        #
        #   chat:
        #     model:
        #       repo: namespace/name
        #       revision: main                  # the name to follow; the lock pins the commit
        #       include: ["*.safetensors", "*.json", "*.jinja", "*.txt"]
        #       exclude: ["original/*"]
        #     tokenizer: {repo: namespace/other, revision: v1}    # only where it comes from elsewhere
        #     cache_dir: /opt/model-cache       # where other programs find the files
        deliverables: {}

        # policy:
        #   pickle: convert                     # deny | convert | allow
        #   remote_code: review                 # deny | review
        #   cooldown: 7d                        # lock no revision that is younger
        #   licenses: [apache-2.0, mit]
        #   accept: [docs, packaging]           # changes that `update` need not be told to accept

        """
    }

    /// Adds a deliverable with one model source to a manifest's text and leaves everything else in it as it is.
    ///
    /// - Throws: `Failure` with code `manifest` when `text` cannot be read, has a deliverable of this name, or is laid
    ///   out so that the edit cannot be made for certain; then `details` are the lines to paste by hand.
    package static func adding(
        _ source: SourceRequest, as name: DeliverableName, to text: String
    ) throws(Failure) -> String {
        try ManifestEditor(text).adding(source, as: name)
    }

    /// Removes a deliverable from a manifest's text and leaves everything else in it as it is, comments above included.
    ///
    /// - Throws: `Failure` with code `manifest` when `text` cannot be read, has no deliverable of this name, or is laid
    ///   out so that the edit cannot be made for certain.
    package static func removing(_ name: DeliverableName, from text: String) throws(Failure) -> String {
        try ManifestEditor(text).removing(name)
    }
}
