// Puts together target/site: the browser half and the style under names that
// carry their content's hash, what public/ holds, a brotli and a gzip form of
// each, and assets.json, which the server reads once at start.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { createRequire } from 'node:module'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const npm = createRequire(new URL('../npm/', import.meta.url))
const { bundle } = npm('lightningcss')
const { minify } = npm('terser')

const root = new URL('../../', import.meta.url).pathname
const browser = join(root, 'target/browser')
const site = join(root, 'target/site')
const building = join(root, 'target/site.new')

// Bytes. Over `warn` the build says so, over `fail` it stops.
const budgets = {
  bundle: { warn: 250_000, fail: 350_000 },
  style: { fail: 30_000 },
}
const compressible = new Set(['.css', '.html', '.ico', '.js', '.json', '.map', '.svg', '.txt', '.wasm', '.webmanifest', '.xml'])

const hash = (...parts) => {
  const digest = createHash('sha256')
  for (const part of parts) digest.update(part)
  return digest.digest('hex').slice(0, 16)
}

function brotli(bytes) {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}

/** Writes a file and its compressed forms where they are smaller; returns the brotli size in bytes. */
function put(path, bytes) {
  const to = join(building, path)
  mkdirSync(join(to, '..'), { recursive: true })
  writeFileSync(to, bytes)
  if (!compressible.has(extname(path))) return bytes.length
  const small = brotli(bytes)
  if (small.length >= bytes.length) return bytes.length
  writeFileSync(`${to}.br`, small)
  writeFileSync(`${to}.gz`, gzipSync(bytes, { level: 9 }))
  return small.length
}

function* files(folder, prefix = '') {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(prefix, entry.name)
    if (entry.isDirectory()) yield* files(join(folder, entry.name), path)
    else yield path
  }
}

function style() {
  // The browsers of the last two years and a half: nesting and light-dark() stay as they are.
  const version = (major, minor = 0) => (major << 16) | (minor << 8)
  const targets = { chrome: version(123), firefox: version(121), safari: version(17, 5) }
  const { code, warnings } = bundle({ filename: join(root, 'style/main.css'), minify: true, targets })
  for (const warning of warnings) console.error(`em2: style: ${warning.message}`)
  return Buffer.from(code)
}

rmSync(building, { recursive: true, force: true })
mkdirSync(join(building, 'pkg'), { recursive: true })

const wasm = readFileSync(join(browser, 'frontend_bg.wasm'))
const wasmName = `frontend_bg.${hash(wasm)}.wasm`
const glue = readFileSync(join(browser, 'frontend.js'), 'utf8').replaceAll('frontend_bg.wasm', wasmName)
const js = Buffer.from((await minify(glue, { module: true, compress: { passes: 2 } })).code)
const css = style()
const assets = {
  js: `/pkg/frontend.${hash(js)}.js`,
  wasm: `/pkg/${wasmName}`,
  css: `/pkg/main.${hash(css)}.css`,
  build: hash(js, wasm, css),
}

const bundleSize = put(assets.js, js) + put(assets.wasm, wasm)
put(assets.css, css)
// JavaScript that crates bring along; its folder names carry hashes already.
const snippets = join(browser, 'snippets')
if (existsSync(snippets)) {
  for (const path of files(snippets)) put(join('pkg/snippets', path), readFileSync(join(snippets, path)))
}
const publicFolder = join(root, 'public')
if (existsSync(publicFolder)) {
  for (const path of files(publicFolder)) put(path, readFileSync(join(publicFolder, path)))
}
writeFileSync(join(building, 'assets.json'), `${JSON.stringify(assets, null, 2)}\n`)

const kb = bytes => `${(bytes / 1000).toFixed(1)} kB`
console.error(`em2: site: js + wasm ${kb(bundleSize)} brotli (wasm ${kb(wasm.length)} raw), css ${kb(css.length)} raw`)
if (bundleSize > budgets.bundle.warn) console.error(`em2: site: the bundle is over its budget of ${kb(budgets.bundle.warn)}`)
if (bundleSize > budgets.bundle.fail || css.length > budgets.style.fail) {
  console.error(`em2: site: over the limit of ${kb(budgets.bundle.fail)} brotli js + wasm, or ${kb(budgets.style.fail)} css`)
  process.exit(1)
}
rmSync(site, { recursive: true, force: true })
renameSync(building, site)
