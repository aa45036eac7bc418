// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats

/// What a zip archive is for, and what that makes of its members.
struct ZipLayout: Sendable {
    /// What a member is in its archive.
    enum Role: Sendable, Hashable {
        /// Raw numbers of a checkpoint.
        case storage
        /// What is unpickled.
        case pickle
        /// What TorchScript's own loader in C++ unpickles.
        case torchScriptPickle
        /// The code of a TorchScript archive: compiled by TorchScript, never run by Python.
        case torchScriptCode
        case other
    }

    let kind: ContentKind
    /// The folder of a checkpoint with a `/` at its end.
    private let folder: [UInt8]

    init(_ directory: ZipDirectory) {
        let data = directory.members.first {
            $0.name.bytes.elementsEqual("data.pkl".utf8) || $0.name.hasSuffix("/data.pkl")
        }
        guard let data else {
            (kind, folder) = (.zip, [])
            return
        }
        let folder = Array(data.name.bytes.dropLast("data.pkl".utf8.count))
        self.folder = folder
        let isScript =
            directory.members.contains {
                $0.name.bytes.elementsEqual(folder + Array("constants.pkl".utf8))
            } && directory.members.contains { $0.name.bytes.starts(with: folder + Array("code/".utf8)) }
        kind = isScript ? .torchScript : .torch
    }

    func role(of name: MemberName) -> Role {
        guard kind != .zip, name.bytes.starts(with: folder) else { return .other }
        let rest = name.bytes.dropFirst(folder.count)
        if rest.elementsEqual("data.pkl".utf8) || rest.elementsEqual("constants.pkl".utf8) {
            return kind == .torchScript ? .torchScriptPickle : .pickle
        }
        for prefix in ["data/", "constants/"] where rest.starts(with: prefix.utf8) {
            let key = rest.dropFirst(prefix.utf8.count)
            if !key.isEmpty, key.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
                return .storage
            }
        }
        if kind == .torchScript, rest.starts(with: "code/".utf8) { return .torchScriptCode }
        return .other
    }
}
