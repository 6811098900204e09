import Bytes
import FuzzDriver
import HTTP

@main
struct FuzzPathCanonicalizer {
    static func main() { FuzzDriver.run(check) }
}

/// Makes the bytes a canonical path; it must stay as it is when that is done again, and hold no dot segment.
private func check(_ bytes: [UInt8]) {
    let raw = [UInt8(ascii: "/")] + bytes
    var path: [UInt8] = []
    guard let forms = try? PathCanonicalizer.canonicalize(raw.span, into: &path) else { return }
    var again: [UInt8] = []
    guard let sameForms = try? PathCanonicalizer.canonicalize(path.span, into: &again) else {
        preconditionFailure("a canonical path is refused")
    }
    precondition(again == path && sameForms == forms, "a canonical path is changed")
    for segment in path.split(separator: UInt8(ascii: "/")) {
        precondition(!segment.elementsEqual(".".utf8) && !segment.elementsEqual("..".utf8), "a dot segment is left")
    }
}
