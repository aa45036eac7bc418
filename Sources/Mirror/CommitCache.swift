// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Synchronization
internal import SystemPackage

/// Commits that were read lately, so that a tree of ten thousand files is not parsed for each request.
///
/// Bounded by the number of files in the commits it holds. A record that was replaced on disk is read again: its place,
/// time and inode are part of the key.
final class CommitCache: Sendable {
    private struct Stamp: Hashable {
        let path: FilePath
        let modified: Int64
        let inode: UInt64
    }
    private struct State {
        var commits: [Stamp: (commit: MirrorCommit, used: UInt64)] = [:]
        var headers: [Stamp: CommitHeader] = [:]
        var files = 0
        var clock: UInt64 = 0
    }
    private let state = Mutex(State())

    /// How many files the commits in the cache may have together; one commit is always kept.
    static let maximumFiles = 200_000
    /// How many commits are kept whatever their size.
    static let maximumCommits = 256
    /// How many headers of commits are kept.
    static let maximumHeaders = 20_000

    /// The commit recorded at `path`; nil when there is no record.
    func commit(_ id: GitObjectID, at path: FilePath) throws(Failure) -> MirrorCommit? {
        guard let stamp = try stamp(path) else { return nil }
        if let known = cached(stamp) { return known }
        let commit = try CommitRecord.commit(try FileSystem.read(path, limit: CommitRecord.maximumLength), expected: id)
        keep(commit, stamp)
        return commit
    }

    /// What the commit recorded at `path` says of itself, without its files; nil when there is no record.
    func header(_ id: GitObjectID, at path: FilePath) throws(Failure) -> CommitHeader? {
        guard let stamp = try stamp(path) else { return nil }
        if let known = state.withLock({ $0.headers[stamp] }) { return known }
        return try commit(id, at: path).map(CommitHeader.init)
    }

    private func stamp(_ path: FilePath) throws(Failure) -> Stamp? {
        guard let status = try FileSystem.status(path), status.kind == .regular else { return nil }
        return Stamp(path: path, modified: status.modified, inode: status.inode)
    }

    private func cached(_ stamp: Stamp) -> MirrorCommit? {
        state.withLock { state in
            state.clock &+= 1
            state.commits[stamp]?.used = state.clock
            return state.commits[stamp]?.commit
        }
    }

    private func keep(_ commit: MirrorCommit, _ stamp: Stamp) {
        state.withLock { state in
            if state.headers.count >= CommitCache.maximumHeaders { state.headers.removeAll(keepingCapacity: true) }
            state.headers[stamp] = CommitHeader(commit)
            guard state.commits[stamp] == nil else { return }
            state.clock &+= 1
            state.commits[stamp] = (commit, state.clock)
            state.files += commit.files.count
            while state.commits.count > 1,
                state.files > CommitCache.maximumFiles || state.commits.count > CommitCache.maximumCommits,
                let oldest = state.commits.min(by: { $0.value.used < $1.value.used })
            {
                state.files -= oldest.value.commit.files.count
                state.commits[oldest.key] = nil
            }
        }
    }
}
