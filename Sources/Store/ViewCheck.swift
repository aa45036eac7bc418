// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
internal import SystemPackage

/// Something in a view that is not as the lock says.
package struct ViewProblem: Sendable, Hashable {
    /// The repository.
    package let repository: RepositoryID
    /// The file, the listing or the name concerned, relative to the repository's folder.
    package let place: String
    /// What is wrong, in a sentence without a full stop.
    package let reason: String
}

extension View {
    /// Compares the view with the snapshots: every link, every name, every listing, and nothing besides.
    ///
    /// Bytes are not read, except of files of a merged cache that are no links into the store when `deep` is true; the
    /// blobs themselves are `BlobStore`'s business.
    package func check(_ snapshots: [ViewSnapshot], deep: Bool) throws(Failure) -> [ViewProblem] {
        var problems: [ViewProblem] = []
        for snapshot in snapshots {
            func report(_ place: String, _ reason: String) {
                problems.append(ViewProblem(repository: snapshot.repository, place: place, reason: reason))
            }
            for file in snapshot.files {
                let place = "snapshots/\(snapshot.commit)/\(file.path)"
                if let reason = try defect(snapshot, file, deep: deep) { report(place, reason) }
            }
            let root = folder(snapshot).appending("snapshots/\(snapshot.commit)")
            let known = Set(snapshot.files.map(\.path))
            for name in try filesBelow(root, "", depth: 0) {
                // What cannot be one of our paths is as foreign as what is not in the lock.
                if let path = try? RelativePath(name), known.contains(path) { continue }
                if snapshot.isWhole || mode == .links {
                    report("snapshots/\(snapshot.commit)/\(Escaped(name))", "is not in the lock")
                }
            }
            if snapshot.isWhole {
                let text = try? FileSystem.read(tree(snapshot), limit: 64 << 20)
                if text.map({ $0.elementsEqual(snapshot.treeText.utf8) }) != true, mode == .links {
                    report("trees/\(snapshot.commit).json", text == nil ? "is missing" : "is not the locked listing")
                }
            }
            for name in snapshot.names {
                guard let text = try? FileSystem.read(reference(snapshot, name), limit: 256) else {
                    report("refs/\(name)", "is missing")
                    continue
                }
                if !text.elementsEqual(snapshot.commit.description.utf8) {
                    report(
                        "refs/\(name)",
                        "names \(Escaped(String(decoding: text, as: UTF8.self), limit: 50)) and not the locked commit")
                }
            }
        }
        return problems
    }

    private func defect(_ snapshot: ViewSnapshot, _ file: ViewFile, deep: Bool) throws(Failure) -> String? {
        let entry = entry(snapshot, file)
        guard let target = try FileSystem.readLink(entry) else {
            return FileSystem.exists(entry) ? "is not a link" : "is missing"
        }
        guard target.utf8.elementsEqual(entryTarget(file).utf8) else { return "links to something else" }
        let blob = blob(snapshot, file)
        if mode == .links {
            guard let target = try FileSystem.readLink(blob) else {
                return FileSystem.exists(blob) ? "has a blob that is not a link into the store" : "has no blob"
            }
            return target.utf8.elementsEqual(blobTarget(snapshot, file).utf8)
                ? nil : "has a blob that links to something else"
        }
        guard let status = try FileSystem.status(blob) else { return "has no blob" }
        if let stored = try FileSystem.status(store.path(of: file.sha256)), stored.inode == status.inode,
            stored.device == status.device
        {
            return nil
        }
        guard status.size == file.size else { return "has \(status.size.value) bytes, expected \(file.size.value)" }
        guard deep else { return nil }
        let found = try Digests.of(blob, git: false).sha256
        return found == file.sha256 ? nil : "has the SHA-256 \(found), expected \(file.sha256)"
    }

    private static let maximumDepth = 64

    private func filesBelow(_ directory: FilePath, _ prefix: String, depth: Int) throws(Failure) -> [String] {
        guard depth < View.maximumDepth else { return [prefix] }
        var names: [String] = []
        for name in try FileSystem.list(directory) {
            let path = directory.appending(name)
            if try FileSystem.status(path, followLinks: false)?.kind == .directory {
                names += try filesBelow(path, prefix + name + "/", depth: depth + 1)
            } else {
                names.append(prefix + name)
            }
        }
        return names
    }
}
