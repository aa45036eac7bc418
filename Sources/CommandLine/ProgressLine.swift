// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Operations
internal import Synchronization

/// Shows the events of an operation: a moving line on a terminal, a line now and then elsewhere.
final class ProgressLine: Sendable {
    private struct Work {
        let title: String
        let total: Int64
        let begin: ContinuousClock.Instant
        var done: Int64 = 0
        var shown: ContinuousClock.Instant
    }

    private let terminal: Terminal
    private let work = Mutex<Work?>(nil)

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Takes an event; may be called from several tasks at once.
    func show(_ event: OperationEvent) {
        switch event {
        case .note(let text): terminal.note(text)
        case .warning(let text): terminal.warn(text)
        case .began(let title, let total):
            let now = ContinuousClock.now
            work.withLock { $0 = Work(title: title, total: total.value, begin: now, shown: now) }
        case .advanced(let count): advance(count)
        case .ended:
            work.withLock { $0 = nil }
            terminal.progress("")
        }
    }

    private func advance(_ count: Int64) {
        let now = ContinuousClock.now
        let text = work.withLock { work -> String? in
            guard var current = work else { return nil }
            current.done = min(current.total, max(0, current.done + count))
            let interval: Duration = terminal.isInteractive ? .milliseconds(100) : .seconds(10)
            let isDue = now - current.shown >= interval
            if isDue { current.shown = now }
            work = current
            return isDue ? ProgressLine.text(current, now, width: terminal.isInteractive ? terminal.width : 0) : nil
        }
        guard let text else { return }
        if terminal.isInteractive { terminal.progress(text) } else { terminal.say(text) }
    }

    private static func text(_ work: Work, _ now: ContinuousClock.Instant, width: Int) -> String {
        let elapsed = now - work.begin
        let seconds = max(0.001, Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
        let speed = Double(work.done) / seconds
        let fraction = work.total > 0 ? Double(work.done) / Double(work.total) : 1
        let left = speed > 0 ? Int64(min(359_999, Double(work.total - work.done) / speed)) : nil
        let numbers =
            "\(ByteCount(clamping: work.done)) of \(ByteCount(clamping: work.total))  \(ByteCount(clamping: Int64(min(speed, 1e15))))/s"
            + (left.map { "  \(clock($0)) left" } ?? "")
        let bar = width >= work.title.count + numbers.count + 26 ? "  [" + filled(fraction, 20) + "]" : ""
        return "\(work.title)\(bar)  \(Int(fraction * 100))%  \(numbers)"
    }

    private static func filled(_ fraction: Double, _ cells: Int) -> String {
        let done = Int(fraction * Double(cells))
        return String(repeating: "=", count: done)
            + (done < cells ? ">" + String(repeating: " ", count: cells - done - 1) : "")
    }

    private static func clock(_ seconds: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return seconds >= 3600
            ? "\(seconds / 3600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
            : "\(seconds / 60):\(two(seconds % 60))"
    }
}
