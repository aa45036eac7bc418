// SPDX-License-Identifier: Apache-2.0

/// libFuzzer's loop, as a function. Its library has a `main` too, which a Swift package's executable cannot use: the
/// package gives every executable a `main` of its own.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Runs `test` on inputs until the time is over or it traps; arguments are libFuzzer's.
public func fuzz(_ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    _ = runDriver(&count, &arguments, test)
}
