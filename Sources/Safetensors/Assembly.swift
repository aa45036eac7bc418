// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import SystemPackage

/// A file that is put together from new bytes at its beginning and stretches of other files after them.
struct Assembly: Sendable {
    /// A stretch of a source.
    struct Run: Sendable, Hashable {
        let source: Int
        let offset: UInt64
        var count: UInt64
    }

    let head: [UInt8]
    private(set) var runs: [Run] = []

    /// What is copied between two calls of `progress`.
    private static let step: UInt64 = 32 << 20

    init(head: [UInt8]) { self.head = head }

    /// Adds a stretch; one that goes on where the last one ends becomes part of it.
    mutating func append(_ run: Run) {
        guard run.count > 0 else { return }
        if let last = runs.last, last.source == run.source, last.offset + last.count == run.offset {
            runs[runs.count - 1].count += run.count
        } else {
            runs.append(run)
        }
    }

    /// Writes everything to a new file, the holes of the sources as holes; `progress` gets the number of bytes just copied and may end the work.
    ///
    /// - Throws: `stopped`, `changed` when a source is not the file that was planned with, `cut`.
    func write(
        to output: borrowing File, from sources: [SourceFile], progress: (UInt64) -> Bool
    ) throws(SafetensorsError) {
        do throws(Failure) { try output.write(head, at: 0) } catch { throw .file(error) }
        var place = Int64(head.count)
        var index = 0
        while index < runs.count {
            let source = sources[runs[index].source]
            let input = try source.open()
            let mayHaveHoles = input.mayHaveHoles()
            repeat {
                try Assembly.copy(runs[index], input, mayHaveHoles, output, &place, source, progress)
                index += 1
            } while index < runs.count && runs[index].source == runs[index - 1].source
            try source.check(input)
        }
        // A hole at the end leaves the file too short.
        do throws(Failure) { try output.truncate(to: ByteCount(clamping: place)) } catch { throw .file(error) }
    }

    private static func copy(
        _ run: Run, _ input: borrowing File, _ mayHaveHoles: Bool, _ output: borrowing File, _ place: inout Int64,
        _ source: SourceFile, _ progress: (UInt64) -> Bool
    ) throws(SafetensorsError) {
        var done: UInt64 = 0
        var told: UInt64 = 0
        while done < run.count {
            guard let offset = Int64(exactly: run.offset + done) else { throw .cut(path: source.path.string) }
            do throws(Failure) {
                let wanted = Int64(clamping: run.count - done)
                let hole = mayHaveHoles ? input.endOfHole(at: offset) - offset : 0
                let count: Int64
                if hole > 0 {
                    // Nothing to write.
                    count = min(wanted, hole)
                } else {
                    count = try output.copy(from: input, at: offset, to: place, count: min(wanted, Int64(step)))
                    guard count > 0 else { throw Failure(.missing, "") }
                    output.beginWriteback(from: place, count: count)
                }
                place += count
                done += UInt64(count)
            } catch {
                throw error.code == .missing ? .cut(path: source.path.string) : .file(error)
            }
            if done - told >= step || done == run.count {
                guard progress(done - told) else { throw .stopped }
                told = done
            }
        }
    }
}
