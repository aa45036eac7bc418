// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// Fuzz targets: `scripts/fuzz TARGET SECONDS`. Every parser of untrusted bytes has one. A package of its own, since the
// modules under test must be compiled with the fuzzer's instrumentation: `Modules` is a link to their sources.
//
// To add one: a folder with `Fuzz.swift` (see SafetensorsHeader), a line in `fuzzers`, the module in `modules` if it is
// not there yet, and a few small seeds in `Corpus/TARGET`.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")

/// The modules under test and those below them.
let modules: [(name: String, dependencies: [Target.Dependency])] = [
    ("Safetensors", ["ContentModel", "FileIO", system]),
    ("FileIO", ["BinaryFormats", "ContentModel", "CLinux", system]),
    ("BinaryFormats", ["CKernels"]),
    ("Compression", ["BinaryFormats"]),
    ("Pickle", ["BinaryFormats"]),
    ("Checkpoint", ["BinaryFormats", "Compression", "ContentModel", "Pickle", "Safetensors"]),
    ("GGUF", ["BinaryFormats", "ContentModel"]),
    ("Jinja", ["ContentModel"]),
    ("Scanning", ["BinaryFormats", "Compression", "ContentModel", "GGUF", "Jinja", "Pickle", "Safetensors"]),
    ("ContentModel", ["CKernels"]),
]
let cModules = ["CKernels", "CLinux"]
/// The targets and the module that each tests.
let fuzzers: [(name: String, dependencies: [Target.Dependency])] = [
    ("SafetensorsHeader", ["Safetensors"]),
    ("SafetensorsStructured", ["Safetensors"]),
    ("SafetensorsSlices", ["Safetensors"]),
    ("SafetensorsIndex", ["ContentModel", "Safetensors"]),
    ("PickleStreams", ["BinaryFormats", "Pickle"]),
    ("Zip", ["BinaryFormats"]),
    ("Tar", ["BinaryFormats"]),
    ("Streams", ["BinaryFormats", "Compression"]),
    ("Checkpoints", ["BinaryFormats", "Checkpoint"]),
    ("GGUFFiles", ["GGUF"]),
    ("JinjaTemplates", ["Jinja"]),
    ("Protobuf", ["BinaryFormats", "Scanning"]),
    ("HDF5Files", ["BinaryFormats", "Scanning"]),
    ("Documents", ["Scanning"]),
    ("WholeScan", ["BinaryFormats", "Compression", "Pickle", "Scanning"]),
]

let package = Package(
    name: "Fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-system", from: "1.8.0")],
    targets:
        modules.map {
            .target(name: $0.name, dependencies: $0.dependencies, path: "Modules/\($0.name)", swiftSettings: strict)
        }
        + cModules.map { .target(name: $0, path: "Modules/\($0)") }
        + [.target(name: "FuzzDriver", path: "FuzzDriver", swiftSettings: strict)]
        + fuzzers.map {
            .executableTarget(
                name: $0.name, dependencies: $0.dependencies + ["FuzzDriver"], path: $0.name,
                swiftSettings: strict)
        })
