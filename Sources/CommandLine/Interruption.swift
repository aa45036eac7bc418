// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Turns Ctrl-C and `kill` into the cancellation of a task; a second one ends the program at once, which is safe too.
final class Interruption: Sendable {
    private let received = Atomic<Int32>(0)

    init(cancelling task: Task<ExitStatus, Never>) {
        // A peer or a pipe that goes away is an error of the call that notices, never the end of the program.
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [self] in
                // The handler owns its source: both live as long as the process.
                withExtendedLifetime(source) {}
                if received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
                task.cancel()
            }
            source.resume()
        }
    }

    /// The exit status that says which signal came; nil when none did.
    var status: ExitStatus? {
        switch received.load(ordering: .relaxed) {
        case SIGINT: .interrupted
        case SIGTERM: .terminated
        default: nil
        }
    }

    /// Gives a program that replaces this one the signals as they were.
    static func restoreDefaults() {
        for number in [SIGPIPE, SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        // Dispatch blocks the signals it watches, and a program inherits what is blocked.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}
