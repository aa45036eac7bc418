// SPDX-License-Identifier: Apache-2.0

package import ContentModel
internal import FileIO
package import Safetensors
internal import SystemPackage

/// `weighlock digest`: what the files of a model are, and what its tensors are whatever file they lie in.
package struct DigestOperation: Sendable {
    /// What is wanted.
    package enum Scope: Sendable, Hashable {
        case files, tensors, both
    }

    /// A file.
    package struct File: Sendable, Hashable {
        /// Its name as a listing shows it: the target as typed, with what lies below it.
        package let name: String
        /// Its size.
        package let size: ByteCount
        /// The digest of its bytes.
        package let sha256: Digest
    }

    /// A model.
    package struct Model: Sendable {
        /// Its name as a listing shows it.
        package let name: String
        /// Its files, as the listing shows them.
        package let files: [String]
        /// The digests of its tensors; nil when it has none.
        package let digests: TensorDigests?
        /// Why it has none.
        package let problem: String?
    }

    /// What was found.
    package struct Report: Sendable {
        /// The files in the order of their names; empty for `Scope.tensors`.
        package let files: [File]
        /// The models in the order of their names; empty for `Scope.files`, exactly one for `Scope.tensors`.
        package let models: [Model]

        /// The text that can be checked later.
        package var listing: DigestListing {
            DigestListing(
                files: files.map { .init($0.sha256, $0.name) },
                models: models.compactMap { model in model.digests.map { .init($0.model, model.name) } })
        }
    }

    let session: Session
    let project: Project

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// Reads the targets, every byte once.
    ///
    /// - Throws: when a file cannot be read; with `Scope.tensors` also when the targets are not one model.
    package func run(_ targets: [ModelTarget], _ scope: Scope) async throws -> Report {
        var gathered = Gathered()
        for target in targets { try await gathered.add(target, scope, session, project) }
        if scope == .tensors { try gathered.mergeModels(isDirectory: targets.count == 1) }
        let found = try await DigestWork(items: gathered.items, session: session).run("hashing")
        for outcome in found { if let failure = outcome.failure { throw failure } }
        var files: [File] = []
        for (place, outcome) in found.enumerated() {
            if scope != .tensors, let sha256 = outcome.sha256 {
                files.append(File(name: gathered.names[place], size: gathered.items[place].size, sha256: sha256))
            }
        }
        let models = gathered.models.map { DigestOperation.model($0, gathered.names, found) }
        return Report(
            files: files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) },
            models: models.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }

    static func model(_ model: Gathered.Model, _ names: [String], _ found: [DigestWork.Found]) -> Model {
        func refused(_ problem: String) -> Model {
            Model(name: model.name, files: model.items.map { names[$0] }, digests: nil, problem: problem)
        }
        if let problem = model.problem { return refused(problem) }
        var parts: [TensorDigests] = []
        for item in model.items {
            guard let digests = found[item].tensors else {
                let reason = found[item].problem ?? found[item].failure?.message ?? "it was not read"
                return refused(model.items.count == 1 ? reason : "`\(Escaped(names[item], limit: 1024))`: \(reason)")
            }
            parts.append(digests)
        }
        do throws(SafetensorsError) {
            return Model(
                name: model.name, files: model.items.map { names[$0] }, digests: try TensorDigests(merging: parts),
                problem: nil)
        } catch { return refused(error.message) }
    }

    /// The files of all targets, each with its name in a listing, and the models that they make up.
    struct Gathered {
        struct Model {
            var name: String
            var items: [Int]
            var problem: String?
        }

        var items: [DigestWork.Item] = []
        var names: [String] = []
        var models: [Model] = []
        private var places: [FilePath: Int] = [:]

        /// The place of a file among the items; the same file is read once, however often it is named.
        mutating func place(_ path: FilePath, _ size: ByteCount, _ name: String) -> Int {
            if let known = places[path] { return known }
            items.append(DigestWork.Item(path: path, size: size, wantsBytes: false, wantsTensors: false))
            names.append(name)
            places[path] = items.count - 1
            return items.count - 1
        }

        mutating func add(
            _ target: ModelTarget, _ scope: Scope, _ session: Session, _ project: Project
        ) async throws {
            if case .repository(let repository, _, _) = target.place {
                throw Failure(
                    .usage, "`digest` reads every byte, and the files of `\(repository)` are not here",
                    hint: "lock and sync it, then name the deliverable")
            }
            let files = try await ModelFiles(target, session, project)
            let prefix = Gathered.prefix(target, files)
            let groups = ModelGroup.withoutOthers(try await ModelGroup.groups(files), files)
            var chosen = Set(groups.flatMap(\.files) + groups.compactMap { $0.index?.entry })
            if files.focus == nil { chosen = Set(files.entries.indices) }
            if let focus = files.focus { chosen.insert(focus) }
            var known: [Int: Int] = [:]
            for entry in chosen.sorted() {
                if case .absent(let failure) = files.entries[entry].source { throw failure }
                guard let path = files.localPath(entry) else { continue }
                let name = files.focus == entry ? Gathered.name(target, files) : prefix + files.entries[entry].name
                let item = place(path, files.entries[entry].size, name)
                known[entry] = item
                if scope != .tensors { items[item].wantsBytes = true }
            }
            guard scope != .files else { return }
            // A listing of tensors is of one model, and of two forms of it safetensors are meant.
            for group in scope == .tensors ? ModelGroup.preferred(groups) : groups {
                let members = group.files.compactMap { known[$0] }
                for item in members { (items[item].wantsTensors, items[item].container) = (true, group.container) }
                let isFocus = files.focus.map { files.entries[$0].name.utf8.elementsEqual(group.name.utf8) } ?? false
                models.append(
                    Model(
                        name: isFocus ? Gathered.name(target, files) : prefix + group.name, items: members,
                        problem: group.problem ?? group.missingFiles))
            }
        }

        /// Makes one model of all: several files given by hand are its shards.
        mutating func mergeModels(isDirectory: Bool) throws(Failure) {
            if isDirectory, models.count > 1 {
                throw Failure(
                    .usage, "there are \(models.count) models, and a listing of tensors is of one",
                    hint: "name one of them", details: models.prefix(20).map { "`\(Escaped($0.name, limit: 1024))`" })
            }
            guard let first = models.first else {
                throw Failure(
                    .usage, "there is no safetensors file, checkpoint or GGUF file",
                    hint: "without `--tensors` any file has a digest")
            }
            if let problem = models.compactMap(\.problem).first { throw Failure(.invalidSafetensors, problem) }
            models = [Model(name: first.name, items: Array(Set(models.flatMap(\.items))).sorted())]
            // Only what is part of the model is read.
            for index in items.indices where !items[index].wantsTensors { items[index].wantsBytes = false }
        }

        private static func name(_ target: ModelTarget, _ files: ModelFiles) -> String {
            if case .local = target.place { return target.text }
            return files.focus.map { files.entries[$0].name } ?? target.text
        }

        /// What stands before a file's name in the listing, so that the listing can be checked from where it was made.
        private static func prefix(_ target: ModelTarget, _ files: ModelFiles) -> String {
            guard case .local = target.place else { return "" }
            var text = target.text
            if files.focus != nil { return text.lastIndex(of: "/").map { String(text[...$0]) } ?? "" }
            if text == "." { return "" }
            while text.count > 1, text.hasSuffix("/") { text.removeLast() }
            return text == "/" ? text : text + "/"
        }
    }
}
