// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The only place that writes to stdout and stderr: data to the one, talk to the other.
final class Terminal: Sendable {
    /// When colours are used.
    enum ColorChoice: String, CaseIterable, Sendable { case auto, always, never }

    /// What a piece of text is; the colour follows.
    enum Style: String, Sendable {
        case strong = "1"
        case faint = "2"
        case good = "32"
        case caution = "33"
        case bad = "31"
        case name = "36"
    }

    let isQuiet: Bool
    /// Whether a progress line may move.
    let isInteractive: Bool
    private let colorsOutput: Bool
    private let colorsTalk: Bool
    private let line = Mutex("")
    private let hasDocument = Atomic(false)
    /// Why stdout takes nothing any more; 0 while it does.
    private static let outputError = Atomic<Int32>(0)

    init(color: ColorChoice, quiet: Bool) {
        isQuiet = quiet
        let dumb = EnvironmentVariable.term.text == "dumb"
        func colors(_ descriptor: Int32) -> Bool {
            switch color {
            case .always: true
            case .never: false
            case .auto: isatty(descriptor) == 1 && !dumb && EnvironmentVariable.noColor.text == nil
            }
        }
        colorsOutput = colors(STDOUT_FILENO)
        colorsTalk = colors(STDERR_FILENO)
        isInteractive = isatty(STDERR_FILENO) == 1 && !dumb && !quiet
    }

    /// Whether a person can answer a question.
    var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// The width of the terminal in columns.
    var width: Int {
        var size = winsize()
        if ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return EnvironmentVariable.columns.text.flatMap(Int.init).map { max(20, $0) } ?? 80
    }

    /// Colours text for stdout.
    func paint(_ text: String, _ style: Style) -> String {
        colorsOutput ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
    private func paintTalk(_ text: String, _ style: Style) -> String {
        colorsTalk ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes a line of data to stdout.
    func output(_ text: String) { send(text + "\n", to: STDOUT_FILENO) }

    /// Writes text to stdout as it is, without a line end of ours. On a terminal, which would obey them, control characters are
    /// written out.
    func outputExactly(_ text: String) {
        guard isatty(STDOUT_FILENO) == 1 else { return send(text, to: STDOUT_FILENO) }
        var shown = ""
        for scalar in text.unicodeScalars {
            shown += scalar == "\n" || scalar == "\t" ? String(scalar) : Escaped(String(scalar)).description
        }
        send(shown.hasSuffix("\n") ? shown : shown + "\n", to: STDOUT_FILENO)
    }

    /// Writes a document to stdout, unless one has been written: what reads it can rely on there being one.
    func outputDocument(_ text: @autoclosure () -> String) {
        if !hasDocument.exchange(true, ordering: .relaxed) { output(text()) }
    }

    /// Writes a line of talk to stderr, unless the user asked for quiet.
    func say(_ text: String) {
        guard !isQuiet else { return }
        talk(text)
    }

    /// Writes a note to stderr, unless the user asked for quiet.
    func note(_ text: String) { say(paintTalk("note:", .faint) + " " + text) }

    /// Writes a warning to stderr, always.
    func warn(_ text: String) { talk(paintTalk("warning:", .caution) + " " + text) }

    /// Writes an error with its details and its hint to stderr.
    func report(_ failure: any Diagnosable) {
        var lines = [paintTalk("error:", .bad) + " " + failure.message]
        lines += failure.details.map { "  " + $0 }
        if let hint = failure.hint { lines.append(paintTalk("hint:", .name) + " " + hint) }
        talk(lines.joined(separator: "\n"))
    }

    /// Writes what is wrong with the command line to stderr: the parser's sentence in the form of our errors, then its advice.
    func reportUsage(_ text: String, hint: String?) {
        let prefix = "Error: "
        guard text.hasPrefix(prefix) else { return talk(text) }
        var lines = text.dropFirst(prefix.count).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        var sentence = lines.removeFirst()
        if sentence.hasSuffix("."), !sentence.hasSuffix("…") { sentence.removeLast() }
        lines.insert(paintTalk("error:", .bad) + " " + sentence.prefix(1).lowercased() + sentence.dropFirst(), at: 0)
        if let hint { lines.insert(paintTalk("hint:", .name) + " " + hint, at: 1) }
        talk(lines.joined(separator: "\n"))
    }

    private func talk(_ text: String) {
        line.withLock { line in
            let erase = line.isEmpty ? "" : "\r\u{1B}[K"
            send(erase + text + "\n" + line, to: STDERR_FILENO)
        }
    }

    /// Draws the progress line anew; an empty text removes it.
    func progress(_ text: String) {
        guard isInteractive else { return }
        line.withLock { line in
            let shown = String(text.prefix(max(10, width - 1)))
            if shown == line { return }
            line = shown
            send("\r\u{1B}[K" + shown, to: STDERR_FILENO)
        }
    }

    /// Asks for yes or no; anything but `y` or `yes` is no.
    func ask(_ question: String) -> Bool {
        send(question + " [y/N] ", to: STDERR_FILENO)
        guard let answer = readLine() else { return false }
        return ["y", "yes"].contains(answer.lowercased().filter { !$0.isWhitespace })
    }

    /// Reads standard input to its end; a byte more than `limit` when there is more. What is not UTF-8 is replaced.
    static func input(limit: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit, let line = readLine(strippingNewline: false) { bytes += Array(line.utf8) }
        return Array(bytes.prefix(limit + 1))
    }

    /// Ends the process; nothing of it is left to write. Data that did not reach stdout is a failure, unless whoever read it
    /// has gone away.
    static func end(_ status: Int32) -> Never {
        let number = outputError.load(ordering: .relaxed)
        guard number != 0, number != EPIPE, status == ExitStatus.success.rawValue else { exit(status) }
        let reason = Errno(rawValue: number).description.lowercased()
        Terminal(color: .auto, quiet: false).report(
            Failure(.file, "could not write to standard output: \(reason)", hint: "what was printed is not complete"))
        exit(ExitStatus.failure.rawValue)
    }

    private func send(_ text: String, to descriptor: Int32) {
        if descriptor == STDOUT_FILENO, Terminal.outputError.load(ordering: .relaxed) != 0 { return }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                // Even when whoever read it has gone away the work goes on: ending here would leave it half done.
                if descriptor == STDOUT_FILENO { Terminal.outputError.store(errno, ordering: .relaxed) }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
