// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
internal import ContentModel
internal import FileIO
internal import GGUF

/// Collects the templates out of the files of a snapshot.
struct TemplateReader {
    let snapshot: Snapshot
    private(set) var copies: [TemplateCopy] = []
    private(set) var problems: [DriftReport.Unchecked] = []
    private(set) var embedded: [(file: String, tokens: SpecialTokens)] = []

    init(snapshot: Snapshot) { self.snapshot = snapshot }

    /// The most that is fetched of one GGUF file that is elsewhere, and the most requests for it.
    private static let budget: UInt64 = 64 << 20
    private static let maximumRequests = 200

    mutating func skip(_ file: Snapshot.File, _ reason: String, hint: String? = nil) {
        problems.append(DriftReport.Unchecked(file: file.name, reason: reason, hint: hint))
    }

    private mutating func add(_ copy: TemplateCopy, _ file: Snapshot.File) {
        guard copy.text.utf8.count <= TemplateSet.maximumText else {
            return skip(file, "a template is longer than \(ByteCount(clamping: Int64(TemplateSet.maximumText)))")
        }
        guard copies.count < TemplateSet.maximumCopies else { return skip(file, "there are too many templates") }
        copies.append(copy)
    }

    // MARK: - Files

    private mutating func bytes(_ file: Snapshot.File) async throws -> [UInt8]? {
        guard file.state.size.value <= Snapshot.maximumDocument else {
            skip(file, "it is longer than \(ByteCount(clamping: Snapshot.maximumDocument))")
            return nil
        }
        do { return try await snapshot.reader.document(file) } catch let failure as Failure
            where failure.code == .missing
        {
            skip(file, failure.message, hint: failure.hint)
            return nil
        }
    }

    mutating func readText(_ file: Snapshot.File, _ place: TemplateCopy.Place, _ name: String) async throws {
        guard let bytes = try await bytes(file) else { return }
        guard let text = String(validating: bytes, as: UTF8.self) else { return skip(file, "it is not UTF-8 text") }
        add(TemplateCopy(place: place, file: file.name, component: file.component, name: name, text: text), file)
    }

    /// The JSON of a file; nil when it is none, which is noted.
    mutating func json(_ file: Snapshot.File) async throws -> JSONValue? {
        guard let bytes = try await bytes(file) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            skip(file, "it is not UTF-8 text")
            return nil
        }
        do throws(JSONReader.Problem) { return try JSONValue(parsing: text) } catch {
            skip(file, "it is not JSON: line \(error.line): \(error.reason)")
            return nil
        }
    }

    /// Reads the key `chat_template` of a file: a text, a list of objects with `name` and `template`, or a table.
    @discardableResult
    mutating func readDocument(_ file: Snapshot.File, _ place: TemplateCopy.Place) async throws -> JSONValue? {
        guard let value = try await json(file) else { return nil }
        func copy(_ name: String, _ text: String, _ key: String) -> TemplateCopy {
            TemplateCopy(place: place, file: file.name, component: file.component, key: key, name: name, text: text)
        }
        switch value.last("chat_template") {
        case .string(let text): add(copy(TemplateCopy.defaultName, text, "chat_template"), file)
        case .array(let items):
            for (index, item) in items.prefix(TemplateSet.maximumCopies).enumerated() {
                guard let name = item.last("name")?.string, let text = item.last("template")?.string else { continue }
                add(copy(name, text, "chat_template[\(index)]"), file)
            }
        case .object(let members):
            for member in members.prefix(TemplateSet.maximumCopies) {
                guard let text = member.value.string else { continue }
                add(copy(member.key, text, "chat_template.\(Escaped(member.key, limit: 60))"), file)
            }
        default: break
        }
        return value
    }

    // MARK: - GGUF

    mutating func readGGUF(_ file: Snapshot.File) async throws {
        let found: Result<Embedded, GGUFError>?
        if let path = snapshot.reader.localPath(of: file) {
            found = try TemplateReader.parse(FileSource(path))
        } else {
            do { found = try await fetch(file) } catch let failure as Failure where failure.code == .missing {
                return skip(file, failure.message, hint: failure.hint)
            }
        }
        switch found {
        case .success(let contents):
            for template in contents.templates {
                let isDefault = template.name.utf8.elementsEqual(TemplateCopy.defaultName.utf8)
                let key =
                    "tokenizer.chat_template" + (isDefault ? "" : "." + Escaped(template.name, limit: 60).description)
                add(
                    TemplateCopy(
                        place: .gguf, file: file.name, component: file.component, key: key, name: template.name,
                        text: template.text), file)
            }
            embedded.append((file.name, contents.tokens))
        case .failure(let error): skip(file, "\(error)")
        case nil: skip(file, "too much of it would have to be fetched to find its template")
        }
    }

    private struct Embedded {
        let templates: [(name: String, text: String)]
        let tokens: SpecialTokens
    }

    private static func parse(_ source: any ByteSource) -> Result<Embedded, GGUFError> {
        do throws(GGUFError) {
            let header = try GGUFHeader(parsing: source)
            return .success(Embedded(templates: header.chatTemplates, tokens: try tokens(header, source)))
        } catch { return .failure(error) }
    }

    /// The tokens that llama.cpp hands to a template, which are few.
    private static func tokens(_ header: GGUFHeader, _ source: any ByteSource) throws(GGUFError) -> SpecialTokens {
        let names = ["bos", "eos", "unknown", "seperator", "padding"]
        let keys = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token"]
        let ids = names.map { header["tokenizer.ggml.\($0)_token_id"]?.integer }
        guard let list = header["tokenizer.ggml.tokens"]?.array, let last = ids.compactMap({ $0 }).max(), last >= 0,
            UInt64(last) < list.count
        else { return .none }
        let texts = try list.elements(in: source, limit: Int(clamping: last + 1))
        var tokens: [JSONValue.Member] = []
        for (key, id) in zip(keys, ids) {
            guard let id, texts.indices.contains(Int(clamping: id)), let text = texts[Int(clamping: id)].string else {
                continue
            }
            tokens.append(.init(key, .string(text)))
        }
        return SpecialTokens(tokens: tokens, file: nil)
    }

    /// Reads a file that is elsewhere in pieces, as far as its header goes; nil when that is too far.
    private func fetch(_ file: Snapshot.File) async throws -> Result<Embedded, GGUFError>? {
        let size = UInt64(file.state.size.value)
        var source = SparseSource(size: size)
        var window: UInt64 = 256 << 10
        for _ in 0..<TemplateReader.maximumRequests {
            try Task.checkCancellation()
            let result = TemplateReader.parse(source)
            guard case .failure(.bytes(.absent(let offset, let count))) = result, offset < size else { return result }
            let wanted = min(max(count, window), size - offset)
            guard source.fetched + wanted <= TemplateReader.budget else { return nil }
            source.insert(try await snapshot.reader.read(file, offset..<offset + wanted), at: offset)
            window = min(window * 2, 4 << 20)
        }
        return nil
    }
}

extension JSONValue {
    /// The member called `key`: of several the last, as Python takes it.
    func last(_ key: String) -> JSONValue? { members?.last { $0.key.utf8.elementsEqual(key.utf8) }?.value }
}
