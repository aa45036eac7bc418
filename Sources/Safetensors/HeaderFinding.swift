// SPDX-License-Identifier: Apache-2.0

/// What the format's text forbids or advises against and the reference reader lets pass. An error in `Mode.strict`.
///
/// Places count bytes from the beginning of the file.
public enum HeaderFinding: Sendable, Hashable {
    /// The header does not begin with `{`.
    case leadingWhitespace
    /// After the header's object comes white space other than spaces.
    case paddingNotSpaces(place: Int)
    /// Two entries have one name; the last counts.
    case duplicateTensor(TensorName, place: Int)
    /// Two metadata entries have one key; the last counts.
    case duplicateMetadataKey(String, place: Int)
    /// `__metadata__` is `null`.
    case nullMetadata(place: Int)
    /// A tensor's entry has a field that the format does not know.
    case unknownField(String, place: Int)
    /// A tensor's entry is an array instead of an object.
    case entryAsArray(place: Int)
    /// A data type is written as an object instead of a string.
    case typeAsObject(place: Int)
    /// The data begin at a place that is not a multiple of 8.
    case misalignedData(place: UInt64)
    /// A tensor begins, counted from the data's beginning, at a place that does not suit its elements.
    case misalignedTensor(TensorName, offset: UInt64, alignment: Int)

    /// What it is, in a sentence for people.
    public var message: String {
        switch self {
        case .leadingWhitespace: "the header does not begin with `{`"
        case .paddingNotSpaces(let place): "the header is padded with something other than spaces, at byte \(place)"
        case .duplicateTensor(let name, let place): "tensor `\(name)` is there twice, again at byte \(place)"
        case .duplicateMetadataKey(let key, let place):
            "metadata key `\(TensorName(key))` is there twice, again at byte \(place)"
        case .nullMetadata(let place): "`__metadata__` is null at byte \(place)"
        case .unknownField(let field, let place): "unknown field `\(TensorName(field))` at byte \(place)"
        case .entryAsArray(let place): "a tensor is described by an array instead of an object at byte \(place)"
        case .typeAsObject(let place): "a data type is written as an object at byte \(place)"
        case .misalignedData(let place): "the data begin at byte \(place), which is not a multiple of 8"
        case .misalignedTensor(let name, let offset, let alignment):
            "tensor `\(name)` begins at offset \(offset), which is not a multiple of its element size: \(alignment)"
        }
    }
}
