// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The listings of a deliverable's components, from which all digests are made; defined in `docs/formats/identity.md`.
package struct Listing: Sendable {
    private struct Line: Hashable {
        let path: String
        let sha256: Digest
    }

    /// The component.
    package let component: Component
    /// The lines as `sha256sum` prints them, sorted by path bytes.
    package let text: String
    /// What the listing amounts to.
    package let digest: ComponentDigest

    private init(component: Component, lines: [Line], files: Int, size: ByteCount, tensors: Digest?) {
        self.component = component
        text = Listing.text(lines)
        digest = ComponentDigest(
            component: component, sha256: Digest(of: text), files: files, size: size, tensors: tensors)
    }

    private static func text(_ lines: [Line]) -> String {
        lines.sorted {
            $0.path.utf8.elementsEqual($1.path.utf8)
                ? $0.sha256 < $1.sha256 : $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }.map { "\($0.sha256)  \($0.path)\n" }.joined()
    }

    /// The tensor digest of a deliverable's weights; nil where no file of them has one.
    ///
    /// - Parameters:
    ///   - sets: for each model whose tensors are known, the directory it lies in, with the prefix of its source, and its
    ///     tensor digest.
    ///   - others: the other files of the weights with their paths in the listing.
    package static func tensors(
        sets: [(directory: String, digest: Digest)], others: [(path: String, sha256: Digest)]
    ) -> Digest? {
        let lines = Set(sets.map { Line(path: $0.directory + tensorPath, sha256: $0.digest) })
        if lines.count == 1, others.isEmpty { return lines.first?.sha256 }
        return lines.isEmpty ? nil : Digest(of: text(lines + others.map { Line(path: $0.path, sha256: $0.sha256) }))
    }

    /// What stands in the listing for the files of one model.
    private static let tensorPath = "tensors"

    /// The listings of every component that has one, sorted by the component's name.
    static func all(
        sources: [LockedSource], launch: LaunchRequest?, localFiles: [LocalFile], tensors: Digest?
    ) -> [Listing] {
        var lines: [Component: [Line]] = [:]
        var sizes: [Component: ByteCount] = [:]
        for source in sources where source.role != .base {
            let prefix = source.role.pathPrefix
            for file in source.files {
                lines[file.component, default: []].append(
                    Line(path: prefix + file.path.description, sha256: file.sha256))
                sizes[file.component] = (sizes[file.component] ?? .zero) + file.size
            }
        }
        for file in localFiles {
            lines[file.component, default: []].append(Line(path: file.path.description, sha256: file.sha256))
            sizes[file.component] = (sizes[file.component] ?? .zero) + file.size
        }
        var counts = lines.mapValues(\.count)
        if let launch {
            lines[.launch, default: []].append(
                Line(path: LaunchRequest.listingPath, sha256: Digest(of: launch.canonicalText)))
            counts[.launch] = counts[.launch] ?? 0
        }
        return lines.keys.sorted().map { component in
            Listing(
                component: component, lines: lines[component] ?? [], files: counts[component] ?? 0,
                size: sizes[component] ?? .zero, tensors: component == .weights ? tensors : nil)
        }
    }

    /// The digest over everything, byte for byte.
    static func identity(of components: [ComponentDigest]) -> Digest {
        Digest(of: components.map { "\($0.sha256)  \($0.component)\n" }.joined())
    }

    /// The digest over what can change an output: of the weights the tensors, where they are known.
    static func behaviour(of components: [ComponentDigest]) -> Digest {
        Digest(
            of: components.filter { $0.component.affectsBehaviour }.map {
                "\($0.tensors ?? $0.sha256)  \($0.component)\n"
            }.joined())
    }
}
