// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// Arrows point down only; see docs/architecture.md. `scripts/check-imports` checks what the compiler cannot.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]
/// For the modules that touch raw bytes: every use of a pointer is marked `unsafe`.
let unsafeAware: [SwiftSetting] = strict + [.strictMemorySafety()]

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
    name: "weighlock",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "weighlock", targets: ["weighlock"]),
        .library(name: "Safetensors", targets: ["Safetensors"]),
        .library(name: "Pickle", targets: ["Pickle"]),
        .library(name: "GGUF", targets: ["GGUF"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // Floor 6 and 5: the program
        .executableTarget(name: "weighlock", dependencies: ["CommandLine"], swiftSettings: strict),
        .target(
            name: "CommandLine",
            dependencies: [
                "ContentModel", "Deliverable", "Drift", "Evidence", "FileIO", "Jinja", "Mirror", "Operations",
                "Safetensors",
                "Scanning", "Transport", argumentParser, system,
            ],
            swiftSettings: strict),
        // Floor 4: use cases and the server
        .target(
            name: "Mirror",
            dependencies: ["ContentModel", "FileIO", "Store", system, nioCore, nioPosix, nioHTTP1],
            swiftSettings: strict),
        .target(
            name: "Operations",
            dependencies: [
                "BinaryFormats", "ContentModel", "Conversion", "Deliverable", "Drift", "Evidence", "FileIO", "GGUF",
                "Jinja",
                "Origins", "Safetensors", "Scanning", "Store", "Tensors", "Transport", system,
            ],
            swiftSettings: strict),
        // Floor 3
        .target(
            name: "Scanning",
            dependencies: ["BinaryFormats", "Compression", "ContentModel", "GGUF", "Jinja", "Pickle", "Safetensors"],
            swiftSettings: unsafeAware),
        .target(
            name: "Conversion",
            dependencies: ["BinaryFormats", "Checkpoint", "ContentModel", "FileIO", "Safetensors", system],
            swiftSettings: strict),
        .target(
            name: "Drift",
            dependencies: [
                "BinaryFormats", "CKernels", "Checkpoint", "ContentModel", "Deliverable", "FileIO", "GGUF", "Jinja",
                "Safetensors", "Tensors",
                system,
            ],
            swiftSettings: strict),
        .target(
            name: "Evidence", dependencies: ["ContentModel", "Deliverable", "FileIO", system], swiftSettings: strict),
        // Floor 2
        .target(name: "Origins", dependencies: ["ContentModel", "Transport"], swiftSettings: strict),
        .target(name: "Tensors", dependencies: ["ContentModel", "Safetensors", system], swiftSettings: strict),
        .target(name: "Store", dependencies: ["ContentModel", "FileIO", system], swiftSettings: strict),
        .target(
            name: "Deliverable", dependencies: ["ContentModel", yams],
            resources: [.embedInCode("weighlock.yaml.schema.json"), .embedInCode("weighlock.lock.schema.json")],
            swiftSettings: strict),
        // Floor 1: the doors to the network and to the file system
        .target(
            name: "Transport",
            dependencies: ["ContentModel", httpClient, nioCore, nioPosix, nioHTTP1, nioSSL],
            swiftSettings: strict),
        .target(name: "Safetensors", dependencies: ["ContentModel", "FileIO", system], swiftSettings: unsafeAware),
        .target(
            name: "Checkpoint",
            dependencies: ["BinaryFormats", "Compression", "ContentModel", "Pickle", "Safetensors"],
            swiftSettings: unsafeAware),
        .target(name: "Compression", dependencies: ["BinaryFormats"], swiftSettings: unsafeAware),
        .target(name: "Pickle", dependencies: ["BinaryFormats"], swiftSettings: unsafeAware),
        .target(name: "GGUF", dependencies: ["BinaryFormats", "ContentModel"], swiftSettings: unsafeAware),
        .target(name: "Jinja", dependencies: ["ContentModel"], swiftSettings: strict),
        .target(
            name: "FileIO", dependencies: ["BinaryFormats", "ContentModel", "CLinux", system],
            swiftSettings: unsafeAware),
        // Floor 0
        .target(name: "BinaryFormats", dependencies: ["CKernels"], swiftSettings: unsafeAware),
        .target(name: "ContentModel", dependencies: ["CKernels"], swiftSettings: unsafeAware),
        .target(
            name: "CKernels",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]),
        .target(
            name: "CLinux",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]),

        // Tests
        .target(
            name: "TestKit",
            dependencies: [
                "ContentModel", "FileIO", "Mirror", "Store", system, nioCore, nioPosix, nioHTTP1,
            ],
            path: "Tests/TestKit", swiftSettings: strict),
        .testTarget(
            name: "ContentModelTests", dependencies: ["ContentModel", "CKernels", "TestKit"], swiftSettings: strict),
        .testTarget(
            name: "FileIOTests", dependencies: ["FileIO", "ContentModel", "TestKit", system], swiftSettings: strict),
        .testTarget(
            name: "DeliverableTests", dependencies: ["Deliverable", "ContentModel", "TestKit"],
            exclude: ["Samples", "Vectors"],
            swiftSettings: strict),
        .testTarget(
            name: "MirrorTests", dependencies: ["Mirror", "Store", "FileIO", "ContentModel", "TestKit", system],
            swiftSettings: strict),
        .testTarget(
            name: "StoreTests", dependencies: ["Store", "FileIO", "ContentModel", "TestKit", system],
            swiftSettings: strict),
        .testTarget(
            name: "OriginsTests",
            dependencies: ["Origins", "Transport", "Mirror", "FileIO", "ContentModel", "TestKit", system],
            swiftSettings: strict),
        .testTarget(
            name: "EvidenceTests",
            dependencies: ["Evidence", "Deliverable", "FileIO", "ContentModel", "TestKit", system],
            swiftSettings: strict),
        .testTarget(
            name: "SafetensorsTests", dependencies: ["Safetensors", "ContentModel", "FileIO", system],
            exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "BinaryFormatsTests", dependencies: ["BinaryFormats", "CKernels", "Compression"],
            swiftSettings: strict),
        .testTarget(
            name: "CompressionTests", dependencies: ["BinaryFormats", "Compression", "ContentModel"],
            swiftSettings: strict),
        .testTarget(
            name: "PickleTests", dependencies: ["BinaryFormats", "Pickle"], exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "CheckpointTests",
            dependencies: ["BinaryFormats", "Checkpoint", "Compression", "ContentModel", "Pickle", "Safetensors"],
            swiftSettings: strict),
        .testTarget(
            name: "ConversionTests",
            dependencies: ["BinaryFormats", "ContentModel", "Conversion", "FileIO", "Safetensors", "TestKit", system],
            swiftSettings: strict),
        .testTarget(name: "GGUFTests", dependencies: ["BinaryFormats", "ContentModel", "GGUF"], swiftSettings: strict),
        .testTarget(
            name: "JinjaTests", dependencies: ["ContentModel", "Jinja"], exclude: ["Vectors"], swiftSettings: strict),
        .testTarget(
            name: "ScanningTests",
            dependencies: [
                "BinaryFormats", "Compression", "ContentModel", "GGUF", "Jinja", "Pickle", "Safetensors", "Scanning",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DriftTests",
            dependencies: [
                "BinaryFormats", "CKernels", "Checkpoint", "ContentModel", "Deliverable", "Drift", "FileIO", "GGUF",
                "Jinja",
                "Safetensors",
                "Tensors", "TestKit", system,
            ],
            exclude: ["Vectors"],
            swiftSettings: strict),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "BinaryFormats", "Operations", "Origins", "Scanning", "Transport", "Safetensors", "Store",
                "Deliverable",
                "Drift", "Evidence", "Mirror", "FileIO", "ContentModel", "TestKit", system,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "weighlock", "CommandLine", "ContentModel", "Deliverable", "Drift", "FileIO", "Mirror", "Safetensors",
                "Store",
                "Tensors", "TestKit", system,
            ],
            exclude: ["Snapshots"],
            swiftSettings: strict),
    ]
)
