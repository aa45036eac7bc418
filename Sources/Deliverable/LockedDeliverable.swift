// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// One deliverable as it was locked.
///
/// The digests are computed when the value is made, so reading them costs nothing.
package struct LockedDeliverable: Hashable, Sendable {
    /// Its name in the project.
    package let name: DeliverableName
    /// Its sources in the order of their roles.
    package let sources: [LockedSource]
    /// How it is started.
    package let launch: LaunchRequest?
    /// The project's files that are part of it, sorted by component and path.
    package let localFiles: [LocalFile]
    /// The effective defaults, in the order of the lock. They follow from the files and are in no digest.
    package let defaults: [EffectiveDefault]
    /// What the scan said, once the bytes have been seen. In no digest: it follows from the files.
    package let scan: LockedScan?
    /// The files that the view withholds or shows in another form, in the order of their sources; known with `scan`.
    package let replacements: [LockedReplacement]
    /// What each component amounts to, sorted by name, without those that have nothing.
    package let components: [ComponentDigest]
    /// The digest over everything, byte for byte.
    package let identity: Digest
    /// The digest over what can change an output.
    package let behaviour: Digest

    /// Creates a deliverable; sorts everything into the order of the lock and computes the digests. `tensors` is the tensor
    /// digest of its weights, as `Listing.tensors` makes it.
    package init(
        name: DeliverableName, sources: [LockedSource], launch: LaunchRequest? = nil, localFiles: [LocalFile] = [],
        defaults: [EffectiveDefault] = [], tensors: Digest? = nil, scan: LockedScan? = nil,
        replacements: [LockedReplacement] = []
    ) {
        self.name = name
        self.sources = sources.sorted { $0.role < $1.role }
        self.launch = launch
        self.localFiles = localFiles.sorted { ($0.component, $0.path) < ($1.component, $1.path) }
        self.defaults = defaults.sorted(by: EffectiveDefault.precedes)
        self.scan = scan
        self.replacements = replacements.sorted(by: LockedReplacement.precedes)
        components = Listing.all(
            sources: self.sources, launch: launch, localFiles: self.localFiles, tensors: tensors
        ).map(\.digest)
        identity = Listing.identity(of: components)
        behaviour = Listing.behaviour(of: components)
    }

    /// The weights; nil when there are none.
    package var weights: ComponentDigest? { components.first { $0.component == .weights } }

    /// The same deliverable with what is known since its bytes have been seen.
    package func with(
        tensors: Digest?, scan: LockedScan?, replacements: [LockedReplacement]
    ) -> LockedDeliverable {
        LockedDeliverable(
            name: name, sources: sources, launch: launch, localFiles: localFiles, defaults: defaults, tensors: tensors,
            scan: scan, replacements: replacements)
    }

    /// The same deliverable with this tensor digest of its weights.
    package func with(tensors: Digest?) -> LockedDeliverable {
        with(tensors: tensors, scan: scan, replacements: replacements)
    }

    /// This deliverable with what `other` knows from the bytes, as far as both have the same.
    package func adoptingKnowledge(of other: LockedDeliverable?) -> LockedDeliverable {
        guard let other else { return self }
        let sameWeights = other.weights?.sha256 == weights?.sha256
        let sameFiles =
            other.sources.map(\.files) == sources.map(\.files) && other.sources.map(\.role) == sources.map(\.role)
        return with(
            tensors: sameWeights ? other.weights?.tensors : nil, scan: sameFiles ? other.scan : nil,
            replacements: sameFiles ? other.replacements : [])
    }

    /// The source with `role`, if there is one.
    package func source(_ role: SourceRole) -> LockedSource? { sources.first { $0.role == role } }

    /// The listings that the component digests are made of: the text of each is what `sha256sum` prints.
    package var listings: [Listing] {
        Listing.all(sources: sources, launch: launch, localFiles: localFiles, tensors: nil)
    }
}
