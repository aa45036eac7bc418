// SPDX-License-Identifier: Apache-2.0

package import BinaryFormats
internal import ContentModel

/// Walks over the objects of an HDF5 file: links and data that lead to other files, filters, and the configurations of Keras models.
///
/// The numbers of datasets are not read. Superblocks 0 to 3, object headers 1 and 2, groups of both kinds and attributes in headers
/// and heaps are; what is not known is an `unscannable` finding.
package enum HDF5Check {
    /// Checks a file.
    ///
    /// - Throws: only `absent` and `unreadable`.
    package static func check(
        _ source: any ByteSource, name: String, at place: ScanPlace, into findings: inout ScanFindings
    ) throws(ByteError) {
        var walk = HDF5Walk(reader: HDF5Reader(source), place: place)
        try walk.run()
        for finding in walk.findings.findings { findings.add(finding) }
    }
}
