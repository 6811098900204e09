/// A place in a JSON text (RFC 6901), which becomes a string only where it is shown.
indirect enum JSONPointer: CustomStringConvertible {
    case root
    case key(JSONPointer, String)
    case element(JSONPointer, Int)

    var description: String {
        switch self {
        case .root: return ""
        case .element(let parent, let index): return "\(parent)/\(index)"
        case .key(let parent, let name):
            var escaped = ""
            for character in name.unicodeScalars {
                switch character {
                case "~": escaped += "~0"
                case "/": escaped += "~1"
                default: escaped.unicodeScalars.append(character)
                }
            }
            return "\(parent)/\(escaped)"
        }
    }
}
