// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ContentModel
internal import Operations
internal import Safetensors
internal import SystemPackage

struct ConvertCommand: Performable {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Write the same tensors into other files, and prove that they are the same.",
        discussion: """
            The source is a safetensors file or a checkpoint (PyTorch's formats, npz), the index of a sharded model, a \
            directory with one model, or a deliverable of the project's lock. What is written is safetensors. The target is a \
            file when its name ends in .safetensors, else a directory. Without a division the number of files stays.

            Nothing in a checkpoint is executed. It is scanned first, and converted only when the scan clears it or lets a \
            person look at it; exit code 5 otherwise, and when it has tensors that safetensors cannot hold.

            Everything new is read again and compared with the source, tensor by tensor, before it gets its name. Nothing is \
            overwritten without --force. With --in-place one safetensors file is changed where it is: where the header has \
            room, only that is written.

              weighlock convert pytorch_model.bin model.safetensors
              weighlock convert model merged.safetensors
              weighlock convert model.safetensors sharded --max-shard-size 5GB
              weighlock convert model.safetensors --in-place --metadata license=apache-2.0
            """)

    @Argument(help: "What to convert.", completion: .file()) var source: String
    @Argument(help: "Where to.", completion: .file()) var target: String?
    @Option(
        help: ArgumentHelp(
            "Where in a checkpoint the tensors are: keys joined by dots, '' for the whole of it.", valueName: "path"))
    var key: String?
    @Option(
        help: ArgumentHelp(
            "Into files of at most so much: bytes, or KB, MB, GB, TB; KiB, MiB, GiB, TiB.", valueName: "size"))
    var maxShardSize: String?
    @Option(help: ArgumentHelp("Into so many files.", valueName: "number")) var shards: Int?
    @Flag(help: "Into one file.") var merge = false
    @Option(
        help: ArgumentHelp(
            "Begin the data at a multiple of so many bytes: a power of two from 8 to 65536, such as 64 or 4096.",
            valueName: "bytes"))
    var align: Int?
    @Option(help: ArgumentHelp("Set a metadata entry; can be given several times.", valueName: "key=value"))
    var metadata: [String] = []
    @Option(help: ArgumentHelp("Remove a metadata entry; can be given several times.", valueName: "key"))
    var removeMetadata: [String] = []
    @Option(
        help: ArgumentHelp("Leave so many bytes free in each header, for later edits in place.", valueName: "bytes"))
    var reserve = 0
    @Flag(help: "Change the file where it is.") var inPlace = false
    @Flag(help: "Replace what is there.") var force = false
    @Flag(help: "Print what would be done, and do nothing.") var dryRun = false
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        if inPlace, target != nil { throw ValidationError("--in-place and a target exclude each other") }
        if !inPlace, target == nil { throw ValidationError("Missing expected argument '<target>'") }
        let divisions = [maxShardSize != nil, shards != nil, merge].count { $0 }
        if divisions > 1 { throw ValidationError("--max-shard-size, --shards and --merge exclude one another") }
        if inPlace, key != nil { throw ValidationError("--key is for checkpoints, which are not changed in place") }
        if inPlace, divisions > 0 { throw ValidationError("--in-place cannot spread the tensors over other files") }
        if inPlace, align == nil, metadata.isEmpty, removeMetadata.isEmpty, reserve == 0 {
            throw ValidationError("--in-place needs --align, --metadata, --remove-metadata or --reserve")
        }
        if let shards, !(1...ShardDivision.countLimit).contains(shards) {
            throw ValidationError("--shards takes a number from 1 to \(ShardDivision.countLimit)")
        }
        if let maxShardSize, ByteSize.parse(maxShardSize) == nil {
            throw ValidationError("--max-shard-size takes a size such as 5GB or 500MiB")
        }
        if let align, !(8...65536).contains(align) || align & (align - 1) != 0 {
            throw ValidationError("--align takes a power of two from 8 to 65536")
        }
        if !(0...(64 << 20)).contains(reserve) { throw ValidationError("--reserve takes a number from 0 to 67108864") }
        for entry in metadata where !entry.contains("=") || entry.hasPrefix("=") {
            throw ValidationError("--metadata takes key=value")
        }
    }

    func perform(_ context: CommandContext) async throws -> ExitStatus {
        let project = context.project
        let from = try context.target(source, try context.lockForTargets())
        let to = target.map { Program.absolute($0) }
        return try await context.withSession { session in
            let conversion = ConversionOperation(session, project)
            let plan = try await conversion.plan(from, to: to, request)
            let outcome = dryRun ? nil : try await conversion.run(plan, wantsFiles: shared.json)
            if context.printJSON(JSON.conversion(plan, outcome)) { return .success }
            if let outcome { summarise(plan, outcome, context.terminal) } else { show(plan, context.terminal) }
            return .success
        }
    }

    private var request: ConversionPlan.Request {
        var request = ConversionPlan.Request()
        if merge {
            request.division = .merge
        } else if let shards {
            request.division = .count(shards)
        } else if let size = maxShardSize.flatMap({ ByteSize.parse($0) }) {
            request.division = .maximumSize(size)
        }
        request.alignment = align
        request.setting = metadata.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return MetadataEntry(String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
        }
        request.removing = removeMetadata
        request.reserving = reserve
        request.replacing = force
        request.key = key
        return request
    }

    private func show(_ plan: ConversionPlan, _ terminal: Terminal) {
        let lines = plan.outputs.map { output in
            [
                plan.action.rawValue, "\(output.size)", output.tensorCount.map { counted($0, "tensor") } ?? "index",
                Escaped(output.path.string, limit: 1024).description,
            ]
        }
        for line in Columns.aligned(lines, right: [1, 2]) { terminal.output(line) }
        remarks(plan, terminal)
        terminal.say(what(plan, "would write", "would write only the header of", "would change nothing in"))
    }

    /// How many names of each kind are told; `--json` has them all.
    private static let told = 8

    /// What of a checkpoint is not in the new files, or under another name.
    private func remarks(_ plan: ConversionPlan, _ terminal: Terminal) {
        for remark in plan.shared.prefix(Self.told) {
            terminal.say(
                "`\(remark.name)` is the same tensor as `\(remark.text)`, which is written; the metadata say so")
        }
        if plan.shared.count > Self.told { terminal.say("and \(plan.shared.count - Self.told) more such names") }
        for remark in plan.beside.prefix(Self.told) {
            terminal.say("not converted: `\(remark.name)`, \(Escaped(remark.text, limit: 120))")
        }
        if plan.beside.count > Self.told {
            terminal.say("and \(plan.beside.count - Self.told) more that are no tensors of it")
        }
    }

    private func summarise(_ plan: ConversionPlan, _ outcome: ConversionOperation.Outcome, _ terminal: Terminal) {
        remarks(plan, terminal)
        terminal.say(what(plan, "wrote", "wrote only the header of", "nothing to change in"))
        if let digest = outcome.digest {
            terminal.say("\(counted(plan.tensorCount, "tensor")), every one as before; tensor digest \(digest.short)")
        }
    }

    private func what(_ plan: ConversionPlan, _ write: String, _ header: String, _ nothing: String) -> String {
        let total = plan.outputs.reduce(ByteCount.zero) { $0 + $1.size }
        switch plan.action {
        case .write, .rewrite:
            return
                "\(write) \(counted(plan.outputs.count, "file")), \(total), from \(counted(plan.sources.count, "file"))"
        case .header: return "\(header) \(counted(plan.outputs.count, "file"))"
        case .nothing: return "\(nothing) \(counted(plan.outputs.count, "file"))"
        }
    }
}

/// A size as people write it.
enum ByteSize {
    /// A whole number of bytes of at least 1, or a number with a unit: `5GB`, `1.5GiB`; nil for anything else.
    static func parse(_ text: String) -> ByteCount? {
        let units: [(String, Int64)] = [
            ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40), ("KB", 1000), ("MB", 1_000_000),
            ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
        ]
        let upper = text.uppercased()
        let unit = units.first { upper.hasSuffix($0.0) }
        let digits = upper.dropLast(unit?.0.count ?? 0)
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 18 }),
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }), let whole = Int64(parts[0])
        else { return nil }
        let (base, overflow) = whole.multipliedReportingOverflow(by: unit?.1 ?? 1)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return base > 0 ? ByteCount(base) : nil }
        // Six places after the point are exact enough for a size, and cannot overflow.
        guard let unit, parts[1].utf8.count <= 6, var fraction = Int64(parts[1]) else { return nil }
        for _ in parts[1].utf8.count..<6 { fraction *= 10 }
        let more = unit.1 / 1_000_000 * fraction + unit.1 % 1_000_000 * fraction / 1_000_000
        let (sum, tooMuch) = base.addingReportingOverflow(more)
        return tooMuch || sum <= 0 ? nil : ByteCount(sum)
    }
}
