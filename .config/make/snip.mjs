// snip.mjs FROM TO PART…: takes out of a wasm module the bodies of functions whose
// names contain one of the PARTs, so that wasm-opt can drop them and all that only
// they use. Needs the names that rustc writes; a function that is called
// nevertheless traps, which the journeys would see.
import { readFileSync, writeFileSync } from 'node:fs'

const [from, to, ...parts] = process.argv.slice(2)
const bytes = readFileSync(from)
const IMPORT = 2
const CODE = 10
// No locals, `unreachable`, `end`, behind the length of three.
const TRAP = [3, 0, 0x00, 0x0b]

let at
const number = () => {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return value
  }
}
const text = () => {
  const length = number()
  at += length
  return bytes.toString('utf8', at - length, at)
}
const written = value => {
  const out = []
  do {
    out.push((value % 128) + (value >= 128 ? 128 : 0))
    value = Math.floor(value / 128)
  } while (value)
  return out
}

const sections = []
for (at = 8; at < bytes.length; ) {
  const start = at
  const id = bytes[at++]
  const size = number()
  sections.push({ id, start, body: at, end: at + size })
  at += size
}

/** How many functions are imported: they are counted before the module's own. */
function imported() {
  at = sections.find(({ id }) => id === IMPORT).body
  let functions = 0
  for (let left = number(); left > 0; left--) {
    text()
    text()
    const kind = bytes[at++]
    if (kind === 0) functions++
    if (kind === 0 || kind === 3) number() && kind === 3 && at++
    else if (kind === 4) (at++, number())
    else limits(kind)
    if (kind === 3 && bytes[at - 1] > 1) at++
  }
  return functions
}

function limits(kind) {
  if (kind === 1) at++
  const flags = bytes[at++]
  number()
  if (flags & 1) number()
}

/** The numbers of the functions to take out. */
function unwanted() {
  const numbers = new Set()
  for (const { id, body, end } of sections) {
    at = body
    if (id !== 0 || text() !== 'name') continue
    while (at < end) {
      const kind = bytes[at++]
      const next = number() + at
      if (kind === 1) {
        for (let left = number(); left > 0; left--) {
          const index = number()
          const name = text()
          if (parts.some(part => name.includes(part))) numbers.add(index)
        }
      }
      at = next
    }
  }
  return numbers
}

const gone = unwanted()
if (gone.size === 0) throw new Error(`${from} names no function with ${parts.join(' or ')}`)
const code = sections.find(({ id }) => id === CODE)
const first = imported()
at = code.body
const count = number()
const bodies = [Buffer.from(written(count))]
for (let index = first; index < first + count; index++) {
  const start = at
  const size = number()
  at += size
  bodies.push(gone.has(index) ? Buffer.from(TRAP) : bytes.subarray(start, at))
}
const section = Buffer.concat(bodies)
writeFileSync(to, Buffer.concat([
  bytes.subarray(0, code.start),
  Buffer.from([CODE, ...written(section.length)]),
  section,
  bytes.subarray(code.end),
]))
console.error(`em2: took ${gone.size} functions out of ${count}`)
