// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Turns `errno` into an error that a person can act on.
enum FileFailure {
    static func make(_ number: Int32, _ action: String, _ path: FilePath) -> Failure {
        let place = "`\(Escaped(path.string, limit: 1024))`"
        switch number {
        case ENOSPC, EDQUOT:
            return Failure(
                .noSpace, "no space left on the device, could not \(action) \(place)",
                hint: "free some space, or set WEIGHLOCK_HOME to a directory on a larger disk; what has arrived is kept"
            )
        case EACCES, EPERM, EROFS:
            return Failure(
                .file, "could not \(action) \(place): \(text(number))",
                hint: "check the permissions of the file and its directory")
        default:
            return Failure(.file, "could not \(action) \(place): \(text(number))")
        }
    }

    /// The C library's text, first letter lowered to fit our messages.
    private static func text(_ number: Int32) -> String {
        guard let message = unsafe strerror(number) else { return "error \(number)" }
        // SAFETY: `strerror` returns a terminated string that lives until this thread's next call.
        let text = unsafe String(cString: message)
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}
