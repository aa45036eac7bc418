// SPDX-License-Identifier: Apache-2.0

/// When and how often to try again.
package struct RetryPolicy: Sendable {
    /// How many times a request is sent at most.
    package var attempts = 5
    /// The first pause; each further one is twice as long.
    package var firstPause: Duration = .milliseconds(500)
    /// The longest pause that this side chooses.
    package var longestPause: Duration = .seconds(8)
    /// The longest pause that a server may ask for; what is longer is an error that says so. A Hub counts in windows of
    /// five minutes.
    package var longestRequestedPause: Duration = .seconds(330)

    /// Creates the default policy.
    package init() {}

    /// The pause after the attempt with this number, the first being 0: exponential, with a quarter of jitter so that a
    /// team's machines do not come back together.
    func pause(after attempt: Int) -> Duration {
        let base = min(longestPause, firstPause * (1 << min(attempt, 16)))
        return base * Double.random(in: 0.75...1.25)
    }

    /// Whether a status says that the same request may succeed later.
    static func isTransient(_ status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }

    /// How long an answer asks to wait: `Retry-After` in seconds, or the `t` of a `RateLimit` header plus one second.
    static func requestedPause(_ head: ResponseHead) -> Duration? {
        if let text = head["retry-after"], let seconds = Double(text), seconds >= 0, seconds < 1e9 {
            return .milliseconds(Int64(seconds * 1000))
        }
        guard head.status == 429, let limit = head["ratelimit"] else { return nil }
        for part in limit.split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2, pair[0].filter({ $0 != " " }) == "t", let seconds = Int64(pair[1].filter { $0 != " " }),
                seconds >= 0,
                seconds < 1_000_000
            {
                return .seconds(seconds + 1)
            }
        }
        return nil
    }
}
