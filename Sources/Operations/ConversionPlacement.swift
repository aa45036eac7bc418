// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// Gives files that are complete, and found right, their names.
///
/// A directory that is not there yet appears with all of them at once. Elsewhere the index comes last and, where one is
/// replaced, the old one goes first: a set that is half old and half new is never announced as a whole.
struct ConversionPlacement {
    /// The names of the files, the index last.
    private let names: [String]
    private let index: String?
    private let workplace: FilePath
    private let destination: ConversionPlan.Destination
    private let replacing: Bool

    init(
        _ names: [String], index: String?, from workplace: FilePath, to destination: ConversionPlan.Destination,
        replacing: Bool
    ) {
        (self.names, self.index) = (names, index)
        (self.workplace, self.destination, self.replacing) = (workplace, destination, replacing)
    }

    func publish() throws(Failure) {
        if case .directory(let target) = destination, try FileSystem.status(target) == nil {
            try FileSystem.rename(workplace, to: target)
            return try FileSystem.synchronizeDirectory(target.removingLastComponent())
        }
        if replacing, let index { try FileSystem.remove(destination.path(of: index)) }
        var placed: [FilePath] = []
        do throws(Failure) {
            for name in names {
                let target = destination.path(of: name)
                try place(workplace.appending(name), at: target)
                placed.append(target)
            }
        } catch {
            // What was replaced is gone; what is new must not stay as half of a set.
            if !replacing { for path in placed { try? FileSystem.remove(path) } }
            throw error
        }
        let directory =
            if case .directory(let path) = destination { path } else { destination.path.removingLastComponent() }
        try FileSystem.synchronizeDirectory(directory)
    }

    private func place(_ file: FilePath, at target: FilePath) throws(Failure) {
        if replacing {
            if let mode = try FileSystem.status(target)?.mode { try FileSystem.setPermissions(file, mode) }
            return try FileSystem.rename(file, to: target)
        }
        // A link never replaces what has come there meanwhile; where there are no links, looking once more has to do.
        if try FileSystem.hardLink(file, at: target) { return }
        guard !FileSystem.exists(target) else {
            throw Failure(
                .file, "`\(Escaped(target.string, limit: 1024))` is there already", hint: "give `--force` to replace it"
            )
        }
        try FileSystem.rename(file, to: target)
    }
}
