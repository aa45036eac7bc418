// SPDX-License-Identifier: Apache-2.0

internal import ContentModel

/// What a transport is allowed to do, and how patient it is.
package struct TransportConfiguration: Sendable {
    /// Why no connection may be opened, such as `HF_HUB_OFFLINE is set`; nil when it may.
    package var offlineReason: String?
    /// How long to wait for a connection, and for each answer that is not a file.
    package var metadataTimeout: Duration = .seconds(10)
    /// How long a file's stream may stay silent.
    package var downloadTimeout: Duration = .seconds(10)
    /// `User-Agent`.
    package var userAgent: String
    /// The proxy for all connections.
    package var proxy: (host: String, port: Int)?
    /// A file of certificate authorities in PEM form, instead of the system's.
    package var certificateAuthorities: String?
    /// When and how often to try again.
    package var retry = RetryPolicy()

    /// Creates the default configuration.
    package init(userAgent: String) { self.userAgent = userAgent }
}
