// SPDX-License-Identifier: Apache-2.0

import FileIO
import SystemPackage

enum FileBytes {
    static func read(_ path: FilePath) throws -> [UInt8] { try FileSystem.read(path, limit: 1 << 30) }
}
