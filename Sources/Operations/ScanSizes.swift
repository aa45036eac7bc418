// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import FileIO
internal import Synchronization
internal import SystemPackage

/// Looks at many files on all processors: of ten thousand small ones this takes half as long as reading them.
final class ScanSizes: Sendable {
    /// A file that a directory called regular, and which item it is.
    struct Candidate: Sendable {
        let item: Int
        let file: FilePath
    }

    /// What stands there, nil for nothing.
    typealias Answer = (item: Int, status: Result<FileStatus?, Failure>)

    /// How many files a thread takes at a time.
    private static let piece = 256

    private let candidates: [Candidate]
    private let next = Atomic<Int>(0)
    private let answers = Mutex<[[Answer]]>([])

    private init(_ candidates: [Candidate]) { self.candidates = candidates }

    /// Looks at all candidates, without following links; the answers are in no particular order.
    static func of(_ candidates: [Candidate]) -> [[Answer]] {
        let sizes = ScanSizes(candidates)
        let threads = min(Processors.count, (candidates.count + piece - 1) / piece)
        Processors.spread(threads, here: { sizes.work() }, elsewhere: { sizes.work() })
        return sizes.answers.withLock { $0 }
    }

    private func work() {
        while true {
            let begin = next.wrappingAdd(ScanSizes.piece, ordering: .relaxed).oldValue
            guard begin < candidates.count else { return }
            let piece = candidates[begin..<min(begin + ScanSizes.piece, candidates.count)].map { candidate -> Answer in
                do throws(Failure) {
                    return (candidate.item, .success(try FileSystem.status(candidate.file, followLinks: false)))
                } catch { return (candidate.item, .failure(error)) }
            }
            answers.withLock { $0.append(piece) }
        }
    }
}
