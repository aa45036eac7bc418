// SPDX-License-Identifier: Apache-2.0

internal import ContentModel
internal import Scanning
internal import SystemPackage

/// One file that a scan has to look at.
struct ScanItem: Sendable {
    /// Where its bytes are.
    enum Place: Sendable {
        case local(FilePath)
        /// A file of a repository, by its place in the listing.
        case remote(ModelFiles, Int)
        /// Nowhere that could be read from: the rule that says so, and why.
        case nowhere(ScanRule, String)
    }

    /// Its path below the target; loaders expect something of a name, so the scanner sees it.
    let path: String
    /// Its name for people.
    let name: String
    var size: ByteCount
    var place: Place
    /// The repository that it is from, where that is known.
    var repository: RepositoryID?
}
