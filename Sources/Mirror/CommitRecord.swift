// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FoundationEssentials

/// The disk form of a commit, version 1 (docs/formats/mirror.md).
struct CommitRecord: Decodable {
    private struct Author: Decodable {
        let name, email: String
    }
    private struct Entry: Decodable {
        let path: String
        let size: Int64
        let git, sha256: String
        let lfs: Bool?
    }
    private let version: Int
    private let id: String
    private let parents: [String]
    private let title, message: String
    private let author: Author
    private let date: String
    private let files: [Entry]

    /// The longest record accepted, in bytes.
    static let maximumLength = 64 << 20

    /// The bytes that are written for `commit`; the same commit gives the same bytes.
    static func bytes(of commit: MirrorCommit) -> [UInt8] {
        let files = commit.files.map { file in
            JSONValue.object([
                "path": .string(file.path.description), "size": .integer(file.size.value),
                "git": .string(file.git.description),
                "sha256": .string(file.sha256.description), "lfs": file.isLarge ? true : nil,
            ])
        }
        let record = JSONValue.object([
            "version": 1, "id": .string(commit.id.description), "tree": .string(commit.tree.description),
            "parents": .array(commit.parents.map { .string($0.description) }), "title": .string(commit.title),
            "message": .string(commit.message),
            "author": .object(["name": .string(commit.author.name), "email": .string(commit.author.email)]),
            "date": .string(commit.date.description), "files": .array(files),
        ])
        return Array((record.text(.indented(breakDepth: 2)) + "\n").utf8)
    }

    /// Reads a record and proves that it describes the commit `expected`.
    ///
    /// - Throws: `Failure` with code `mismatch` when it does not, `file` when it is not a record of this version.
    static func commit(_ bytes: [UInt8], expected: GitObjectID) throws(Failure) -> MirrorCommit {
        let record: CommitRecord
        do { record = try JSONDecoder().decode(CommitRecord.self, from: Data(bytes)) } catch {
            throw defect(expected, "it is not the JSON of a commit")
        }
        guard record.version == 1 else {
            throw defect(expected, "its version is \(record.version), this program reads 1")
        }
        guard let date = Timestamp(record.date) else {
            throw defect(expected, "`\(Escaped(record.date))` is not a date")
        }
        guard record.files.count <= MirrorCommit.maximumFiles else { throw defect(expected, "it lists too many files") }
        var files: [MirrorFile] = []
        files.reserveCapacity(record.files.count)
        for entry in record.files {
            guard let size = ByteCount(entry.size), let git = GitObjectID(entry.git), let sha256 = Digest(entry.sha256)
            else {
                throw defect(expected, "the entry of `\(Escaped(entry.path))` has a size or digest that is none")
            }
            files.append(
                MirrorFile(
                    path: try RelativePath(entry.path), size: size, git: git, sha256: sha256,
                    isLarge: entry.lfs ?? false))
        }
        for file in files where file.pointer.map({ GitObjectID(ofBlob: $0) != file.git }) ?? false {
            throw defect(expected, "the git id of `\(Escaped(file.path.description))` is not that of its pointer")
        }
        var parents: [GitObjectID] = []
        for parent in record.parents {
            guard let id = GitObjectID(parent) else {
                throw defect(expected, "`\(Escaped(parent))` is not a commit id")
            }
            parents.append(id)
        }
        let author = try CommitAuthor(name: record.author.name, email: record.author.email)
        let commit = try MirrorCommit(
            files: files, parents: parents, title: record.title, message: record.message, author: author, date: date)
        guard commit.id == expected, record.id.utf8.elementsEqual(expected.description.utf8) else {
            throw Failure(
                .mismatch, "the record of commit `\(expected)` describes another commit: `\(commit.id)`",
                hint:
                    "the mirror's directory was damaged or edited; restore the record from a backup"
            )
        }
        return commit
    }

    private static func defect(_ id: GitObjectID, _ reason: String) -> Failure {
        Failure(
            .file, "the record of commit `\(id)` cannot be read: \(reason)",
            hint: "restore the record from a backup, or import the files again")
    }
}
