// SPDX-License-Identifier: Apache-2.0

package import ContentModel

/// The listings of a deliverable's components, from which all digests are made; defined in `docs/formats/identity.md`.
package struct Listing: Sendable {
    private struct Line {
        let path: String
        let sha256: Digest
    }

    /// The component.
    package let component: Component
    /// The lines as `sha256sum` prints them, sorted by path bytes.
    package let text: String
    /// What the listing amounts to.
    package let digest: ComponentDigest

    private init(component: Component, lines: [Line], files: Int, size: ByteCount) {
        let sorted = lines.sorted {
            $0.path.utf8.elementsEqual($1.path.utf8)
                ? $0.sha256 < $1.sha256 : $0.path.utf8.lexicographicallyPrecedes($1.path.utf8)
        }
        self.component = component
        text = sorted.map { "\($0.sha256)  \($0.path)\n" }.joined()
        digest = ComponentDigest(component: component, sha256: Digest(of: text), files: files, size: size, tensors: nil)
    }

    /// The listings of every component that has one, sorted by the component's name.
    static func all(sources: [LockedSource], launch: LaunchRequest?, localFiles: [LocalFile]) -> [Listing] {
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
                size: sizes[component] ?? .zero)
        }
    }

    /// The digest over the lines of several components.
    static func digest(of components: [ComponentDigest]) -> Digest {
        Digest(of: components.map { "\($0.sha256)  \($0.component)\n" }.joined())
    }
}
