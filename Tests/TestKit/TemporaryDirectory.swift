// SPDX-License-Identifier: Apache-2.0

internal import FileIO
internal import Foundation
package import SystemPackage

/// A directory of one test's own, removed with everything in it when the value goes away.
package final class TemporaryDirectory: Sendable {
    /// Where it is; no link is on the way.
    package let path: FilePath

    /// Creates an empty directory.
    package init() throws {
        let name = "weighlock-test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let place = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
        try FileSystem.createDirectories(place)
        path = FileSystem.realPath(place) ?? place
    }

    deinit {
        // A store's blobs are read-only files in writable directories, so nothing needs to be unlocked first.
        try? FileSystem.removeTree(path)
    }

    /// The path of something in the directory.
    package func appending(_ relative: String) -> FilePath { path.appending(relative) }

    /// Writes a file, with the directories above it, and returns its path.
    @discardableResult
    package func write(_ relative: String, _ bytes: [UInt8]) throws -> FilePath {
        let file = path.appending(relative)
        try FileSystem.createDirectories(file.removingLastComponent())
        try FileSystem.replace(file, with: bytes, durably: false)
        return file
    }

    /// Writes a text file, with the directories above it, and returns its path.
    @discardableResult
    package func write(_ relative: String, _ text: String) throws -> FilePath { try write(relative, Array(text.utf8)) }
}
