// SPDX-License-Identifier: Apache-2.0

internal import CommandLine

@main
struct Main {
    static func main() async { await Program.main() }
}
