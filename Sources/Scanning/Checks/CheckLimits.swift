// SPDX-License-Identifier: Apache-2.0

/// How much the checks of documents read before they give up with an `unscannable` finding. All are far above what models ship.
enum CheckLimits {
    /// Bytes of a JSON document (the largest tokenizers have some 40 MB): 128 MiB.
    static let jsonBytes = 128 << 20
    /// Values in a JSON document: 16 million.
    static let jsonValues = 16_000_000
    /// Containers inside containers in a JSON document: 200.
    static let jsonDepth = 200
    /// Entries of metadata that are looked at: 65,536.
    static let metadataEntries = 65_536
    /// Bytes of a chat template: 1 MiB.
    static let templateBytes = 1 << 20
    /// Bytes of a Python file, a YAML file or another text: 16 MiB.
    static let textBytes = 16 << 20
    /// Tokens of a Python file: 4 million.
    static let pythonTokens = 4_000_000
    /// F-strings inside f-strings: 20.
    static let pythonNesting = 20
    /// Values that a name or a computed text can have before it counts as unknown: 16.
    static let foldedValues = 16
    /// Bytes of a text that is computed while constants are folded: 64 KiB.
    static let foldedBytes = 64 << 10
    /// Messages inside messages in a protobuf file: 64.
    static let protobufDepth = 64
    /// Fields of a protobuf file that are looked at: 32 million.
    static let protobufFields = 32_000_000
    /// Bytes of a name in a protobuf file: 64 KiB.
    static let protobufText = 64 << 10
    /// Objects (groups, datasets) of an HDF5 file: 200,000.
    static let hdf5Objects = 200_000
    /// Blocks, nodes and messages of an HDF5 file: 4 million.
    static let hdf5Steps = 4_000_000
    /// Bytes of an HDF5 attribute that is read as text: 128 MiB.
    static let hdf5Text = 128 << 20
}
