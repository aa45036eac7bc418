// SPDX-License-Identifier: Apache-2.0

/// The JSON Schemas (draft 2020-12) of the two files, for editors and validators.
package enum Schema {
    /// The schema of `weighlock.yaml`.
    package static var manifest: String { String(decoding: PackageResources.weighlock_yaml_schema_json, as: UTF8.self) }
    /// The schema of `weighlock.lock`.
    package static var lock: String { String(decoding: PackageResources.weighlock_lock_schema_json, as: UTF8.self) }
}
