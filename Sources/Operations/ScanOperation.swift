// SPDX-License-Identifier: Apache-2.0

internal import BinaryFormats
package import ContentModel
package import Deliverable
internal import FileIO
package import Scanning
internal import Synchronization
package import SystemPackage

/// `weighlock scan`: what the files of a target can do to whoever loads them, found out by reading them and nothing else.
package struct ScanOperation: Sendable {
    /// The allow file of a scan.
    package struct Allowed: Sendable {
        /// Its name for people.
        package let file: String
        /// What it holds.
        package let content: AllowFile
        /// Whether it counts for every target; one that was not named on the command line counts for the project's lock only,
        /// since a directory that is scanned could bring its own.
        package let isForAll: Bool
    }

    let session: Session
    let project: Project
    /// How thoroughly files are scanned.
    package var options = ScanOptions()
    /// The allow file that counts.
    package var allowed: Allowed?
    /// Whether every file with findings gets its digest.
    package var wantsDigests = false

    /// Files up to this size are read at once.
    private static let smallFile: UInt64 = 256 << 10
    /// Progress is told in steps of this size, or of so many files.
    private static let progressStep: (bytes: Int64, files: Int) = (4 << 20, 128)

    /// Prepares the operation.
    package init(_ session: Session, _ project: Project) { (self.session, self.project) = (session, project) }

    /// The allow file that a path names; without a path the one beside the manifest, nil when there is none.
    ///
    /// - Throws: `Failure` with code `file` when the named one cannot be read, `manifest` when it is not what it should be.
    package static func allowFile(
        _ path: FilePath?, shownAs name: String?, _ project: Project
    ) throws(Failure) -> Allowed? {
        let place = path ?? project.directory.appending(AllowFile.fileName)
        if path == nil, !FileSystem.exists(place) { return nil }
        let shown = Escaped(name ?? AllowFile.fileName, limit: 1024).description
        guard
            let text = String(
                validating: try FileSystem.read(place, limit: AllowFile.maximumSize), as: UTF8.self)
        else { throw Failure(.manifest, "`\(shown)` is not UTF-8 text") }
        return Allowed(
            file: shown, content: try AllowFile.parse(text, file: shown, rules: ScanRules.all.map(\.id)),
            isForAll: path != nil)
    }

    /// The deliverables of the project's lock as targets.
    ///
    /// - Throws: `Failure` with code `lockFile` when there is no lock.
    package func lockedTargets() throws(Failure) -> [ModelTarget] {
        var targets: [ModelTarget] = []
        let lock = try project.lock()
        for locked in lock.deliverables {
            // A directory of the same name must not come before the deliverable here.
            targets.append(
                try ModelTarget(locked.name.description, lock: lock, absolute: { FilePath($0) }, exists: { _ in false })
            )
        }
        return targets
    }

    /// Scans targets. The report of the same bytes is the same on every machine.
    ///
    /// - Throws: `Failure` when a target is not there or a server fails, `CancellationError`. A file that cannot be read is
    ///   `unscannable` in the report.
    package func run(_ targets: [ModelTarget]) async throws -> ScanReport {
        var report = ScanReport(targets: [], allowances: [])
        var items: [ScanItem] = []
        var ranges: [Range<Int>] = []
        for target in targets {
            let files = try await ScanFiles(target, session, project)
            ranges.append(items.count..<items.count + files.items.count)
            items += files.items
            report.targets.append(
                ScanReport.Target(text: target.text, origin: files.origin, files: [], notes: files.notes))
        }
        let found = try await scan(items)
        for (index, range) in ranges.enumerated() {
            report.targets[index].files = range.count == found.count ? found : Array(found[range])
        }
        allow(&report)
        return report
    }

    // MARK: - Files

    private func scan(_ items: [ScanItem]) async throws -> [ScanReport.File] {
        session.emit(.began("scanning", total: items.indices.reduce(.zero) { $0 + items[$1].size }))
        defer { session.emit(.ended) }
        var local: [Int] = []
        var remote: [Int] = []
        for index in items.indices {
            if case .remote = items[index].place { remote.append(index) } else { local.append(index) }
        }
        var results = [ScanReport.File?](repeating: nil, count: items.count)
        for (places, workers) in [(local, Processors.count), (remote, max(1, session.settings.connections))] {
            let places = Places(places)
            try await withThrowingTaskGroup(of: [(Int, ScanReport.File)].self) { group in
                for _ in 0..<min(workers, places.count) { group.addTask { try await work(items, places) } }
                for try await found in group { for (index, file) in found { results[index] = file } }
            }
        }
        return results.indices.map { index in
            results[index] ?? ScanReport.File(items[index], .fileUnreadable, "it was not reached")
        }
    }

    /// Hands out places to the workers, each once.
    private final class Places: Sendable {
        private let places: [Int]
        private let next = Atomic<Int>(0)

        init(_ places: [Int]) { self.places = places }

        var count: Int { places.count }

        func take() -> Int? {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            return places.indices.contains(index) ? places[index] : nil
        }
    }

    /// Scans files one after the other until there is none left.
    @concurrent
    private func work(_ items: [ScanItem], _ places: Places) async throws -> [(Int, ScanReport.File)] {
        var found: [(Int, ScanReport.File)] = []
        var (bytes, files): (Int64, Int) = (0, 0)
        while let place = places.take() {
            try Task.checkCancellation()
            let item = items[place]
            if case .remote(let listing, let index) = item.place {
                found.append(
                    (
                        place,
                        try await RemoteScan(files: listing, index: index, item: item, options: options(for: item))
                            .run()
                    ))
            } else {
                found.append((place, scan(item)))
            }
            (bytes, files) = (bytes + item.size.value, files + 1)
            if bytes >= ScanOperation.progressStep.bytes || files >= ScanOperation.progressStep.files {
                session.emit(.advanced(bytes))
                (bytes, files) = (0, 0)
            }
        }
        if bytes > 0 { session.emit(.advanced(bytes)) }
        return found
    }

    /// The options with what is known of a file.
    private func options(for item: ScanItem) -> ScanOptions {
        var options = options
        options.repository = item.repository?.description ?? options.repository
        return options
    }

    private func scan(_ item: ScanItem) -> ScanReport.File {
        switch item.place {
        case .nowhere(let rule, let reason): return ScanReport.File(item, rule, reason)
        case .remote: return ScanReport.File(item, .fileUnreadable, "it was not reached")
        case .local(let path):
            do {
                let file = try FileSource(path, wasRegular: true)
                var source: any ByteSource = file
                if file.size <= ScanOperation.smallFile {
                    source = MemorySource(try file.bytes(at: 0, count: Int(file.size)))
                } else if options.checksums {
                    file.willReadSequentially()
                }
                let scan = try Scanner.scan(source, name: item.path, options: options(for: item))
                let isSmall = file.size <= ScanOperation.smallFile
                let wantsDigest =
                    !scan.findings.isEmpty && (wantsDigests || isSmall || allowed?.content.entries.isEmpty == false)
                return ScanReport.File(item, scan, sha256: wantsDigest ? try ScanDigest.of(source) : nil)
            } catch let error as ByteError {
                return ScanReport.File(item, .fileUnreadable, error.description)
            } catch let failure as Failure {
                return ScanReport.File(item, .fileUnreadable, failure.message)
            } catch {
                return ScanReport.File(item, .fileUnreadable, "it could not be read")
            }
        }
    }

    // MARK: - Allowances

    /// Marks what the allow file accepts; the verdict of a file is then that of what is left.
    private func allow(_ report: inout ScanReport) {
        guard let allowed else { return }
        let today = String(session.settings.now().prefix(10))
        report.allowances = allowed.content.entries.map { entry in
            ScanReport.Allowance(
                file: allowed.file, entry: entry, state: entry.isExpired(on: today) ? .expired : .unused)
        }
        for target in report.targets.indices {
            if case .deliverable = report.targets[target].origin {} else if !allowed.isForAll { continue }
            for file in report.targets[target].files.indices {
                ScanOperation.allow(&report.targets[target].files[file], &report.allowances)
            }
        }
    }

    private static func allow(_ file: inout ScanReport.File, _ allowances: inout [ScanReport.Allowance]) {
        guard let sha256 = file.sha256 else { return }
        let entries = allowances.indices.filter {
            allowances[$0].entry.sha256 == sha256 && allowances[$0].state != .expired
        }
        guard !entries.isEmpty else { return }
        for index in file.findings.indices {
            let finding = file.findings[index].finding
            guard
                let entry = entries.first(where: {
                    allowances[$0].entry.covers(rule: finding.rule.id, name: finding.name)
                })
            else { continue }
            file.findings[index].allowance = entry
            allowances[entry].state = .used
        }
        // What was cut off is named by nobody.
        guard !file.isCut else { return }
        file.verdict = file.findings.filter { $0.allowance == nil }.map(\.finding.verdict).max() ?? .clean
    }
}
