// SPDX-License-Identifier: Apache-2.0

/// What a `MirrorServer` takes from its clients before it hangs up.
package struct MirrorLimits: Sendable {
    /// The longest header field, and the longest request target, in bytes.
    package var headerField = 16 << 10
    /// All header fields together, in bytes.
    package var header = 64 << 10
    /// The longest body of a request, in bytes. Only lists of paths have one on this side.
    package var body = 1 << 20
    /// How many connections may be open; a further one is closed at once.
    package var connections = 1024
    /// How long a connection may wait for its first byte, or between two requests.
    package var idle = Duration.seconds(75)
    /// How long a request's header may take from its first byte.
    package var headerTime = Duration.seconds(20)
    /// How long a request's body may take.
    package var bodyTime = Duration.seconds(60)
    /// How long a client may take for the next megabyte of an answer.
    package var writeTime = Duration.seconds(120)

    /// The limits of a server that anybody may reach.
    package init() {}
}
