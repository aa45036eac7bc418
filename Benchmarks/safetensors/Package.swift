// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// The library's side of `Benchmarks/safetensors/run`: a program that does one piece of work again and again.
let package = Package(
    name: "safetensors-bench",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "weighlock", path: "../.."),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    ],
    targets: [
        .executableTarget(
            name: "safetensors-bench",
            dependencies: [
                .product(name: "Safetensors", package: "weighlock"),
                .product(name: "SystemPackage", package: "swift-system"),
            ])
    ])
