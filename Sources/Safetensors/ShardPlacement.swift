// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// Several new files that get their names together, or not at all.
struct ShardPlacement: ~Copyable {
    private let target: FilePath
    /// Where the files are written: the target, or a new directory that becomes it.
    private let workplace: FilePath
    private let isFresh: Bool
    private let replacing: Bool
    private let durably: Bool
    private var written: [(temporary: FilePath, name: String)] = []
    private var isDone = false

    init(_ directory: FilePath, _ names: [String], replacing: Bool, durably: Bool) throws(SafetensorsError) {
        let target = directory.isEmpty ? FilePath(".") : directory
        let workplace: FilePath
        let isFresh: Bool
        do throws(Failure) {
            isFresh = try FileSystem.status(target) == nil
            if isFresh {
                let parent = target.removingLastComponent()
                if !parent.isEmpty { try FileSystem.createDirectories(parent) }
                workplace = FileSystem.temporaryName(beside: target)
                try FileSystem.createDirectories(workplace)
            } else {
                workplace = target
            }
        } catch { throw .file(error) }
        if !isFresh, !replacing, let name = names.first(where: { FileSystem.exists(target.appending($0)) }) {
            throw .targetExists(path: target.appending(name).string)
        }
        (self.target, self.workplace, self.isFresh) = (target, workplace, isFresh)
        (self.replacing, self.durably) = (replacing, durably)
    }

    deinit {
        if isDone { return }
        if isFresh {
            try? FileSystem.removeTree(workplace)
        } else {
            for file in written { try? FileSystem.remove(file.temporary) }
        }
    }

    /// Writes one file; it does not have its name yet.
    mutating func add(
        _ name: String, _ write: (borrowing File) throws(SafetensorsError) -> Void
    ) throws(SafetensorsError) {
        let final = workplace.appending(name)
        let temporary = isFresh ? final : FileSystem.temporaryName(beside: final)
        let file: File
        do throws(Failure) {
            file = try File(temporary, .creating(permissions: 0o666), shownAs: target.appending(name))
        } catch { throw .file(error) }
        written.append((temporary, name))
        try write(file)
        do throws(Failure) {
            if replacing, let mode = try FileSystem.status(target.appending(name))?.mode {
                try file.setPermissions(mode)
            }
            if durably { try file.synchronize() }
        } catch { throw .file(error) }
    }

    /// Gives all files their names, that of the index last.
    mutating func publish(index: String?) throws(SafetensorsError) {
        do throws(Failure) {
            if isFresh {
                if durably { try FileSystem.synchronizeDirectory(workplace) }
                try FileSystem.rename(workplace, to: target)
                isDone = true
                if durably { try FileSystem.synchronizeDirectory(target.removingLastComponent()) }
                return
            }
            if replacing, let index {
                try FileSystem.remove(target.appending(index))
                if durably { try FileSystem.synchronizeDirectory(target) }
            }
            try rename()
            isDone = true
            if durably { try FileSystem.synchronizeDirectory(target) }
        } catch { throw .file(error) }
    }

    private func rename() throws(Failure) {
        var done: [FilePath] = []
        do throws(Failure) {
            for (temporary, name) in written {
                let path = target.appending(name)
                try FileSystem.rename(temporary, to: path)
                done.append(path)
                // The index may not reach the disk before what it names.
                if durably, name == written.dropLast().last?.name { try FileSystem.synchronizeDirectory(target) }
            }
        } catch {
            if !replacing { for path in done { try? FileSystem.remove(path) } }
            throw error
        }
    }
}
