// SPDX-License-Identifier: Apache-2.0

/// Rules over files: can a file of a model hurt the one who loads it?
///
/// A scan reads bytes and nothing else: nothing in a model file is executed, imported, evaluated or rendered. What a file is follows
/// from its content, never from its name; what could not be read to the end is never called clean; the same bytes give the same
/// findings on every machine. `ScanRule` says what is looked for, a check is a function from bytes to findings, and `Scanner` knows which
/// checks a content asks for and opens what is packed inside.
package enum Scanning {
    /// The version of the rules: raised by every change that can alter a verdict, so that kept verdicts are made anew.
    package static let rulesVersion = 3
}
