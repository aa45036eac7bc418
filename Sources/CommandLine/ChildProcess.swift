// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A command that takes the place of this process, so that its exit code, its signals and its terminal are its own.
enum ChildProcess {
    /// Becomes `command`, with further environment variables. Returns only when that did not work.
    static func replaceThisOne(with command: [String], adding variables: [(name: String, value: String)]) -> Failure {
        guard let name = command.first else { return Failure(.usage, "there is no command to run") }
        for variable in variables { setenv(variable.name, variable.value, 1) }
        Interruption.restoreDefaults()
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        execvp(name, arguments)
        let isMissing = errno == ENOENT
        return Failure(
            isMissing ? .usage : .file,
            "could not run `\(Escaped(name))`: " + (isMissing ? "there is no such command" : "it cannot be executed"),
            hint: isMissing ? "check the spelling and PATH" : "check its permissions")
    }
}
