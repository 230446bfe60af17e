import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const root = new URL('../../', import.meta.url).pathname
const binary = process.env.EM2_SERVER ?? join(root, 'target/debug/server')
const site = process.env.EM2_SITE ?? join(root, 'target/site')

export interface Start {
  /** More arguments of `server serve`, such as `['--domains', 'example.com']`. */
  flags?: string[]
  env?: Record<string, string>
}

export interface Account {
  address: string
  name: string
  password: string
}

/** A real server on a temporary database and a free port of the loopback address. */
export class Server {
  /** Scheme, host and port. The port stays the same over a restart. */
  readonly url: string
  /** The folder of its database and key. */
  readonly data: string
  #start: Start
  #process: ChildProcess
  #log: string[]
  #printed: string

  private constructor(data: string, start: Start, running: Running) {
    this.data = data
    this.#start = start
    this.#process = running.process
    this.#log = running.log
    this.#printed = running.printed
    this.url = new URL(running.printed).origin
  }

  static async start(start: Start = {}): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), 'em2-end2end-'))
    try {
      return new Server(data, start, await run(data, '127.0.0.1:0', start))
    } catch (error) {
      rmSync(data, { recursive: true, force: true })
      throw error
    }
  }

  /** The address that it printed when it was started last: with the one-time token while there is no account. */
  get printed(): string {
    return this.#printed
  }

  /** Everything it wrote since it was started last. */
  get log(): string {
    return this.#log.join('')
  }

  /** As a power cut would: no time to finish anything. */
  async kill(): Promise<void> {
    await end(this.#process, 'SIGKILL')
  }

  /** Starts it on the same data and port, after `kill` or in place of the running one; `start` counts from then on. */
  async restart(start = this.#start): Promise<void> {
    this.#start = start
    await end(this.#process, 'SIGTERM')
    const running = await run(this.data, new URL(this.url).host, this.#start)
    this.#process = running.process
    this.#log = running.log
    this.#printed = running.printed
  }

  /** Ends it and forgets its data. */
  async stop(): Promise<void> {
    await end(this.#process, 'SIGTERM')
    rmSync(this.data, { recursive: true, force: true })
  }

  /** Runs another command of the same program on the same data, such as `command(['user', 'list'])`. */
  command(args: string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { cwd: this.data, env: environment(this.#start) }
      const child = execFile(binary, ['--data', this.data, ...args], options, (error, stdout, stderr) => {
        if (error) reject(new Error(`server ${args.join(' ')}: ${stderr || error.message}`))
        else resolve(stdout)
      })
      child.stdin?.end(input)
    })
  }
}

interface Running {
  process: ChildProcess
  printed: string
  log: string[]
}

function environment(start: Start): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, RUST_BACKTRACE: '1', ...start.env }
}

/** Resolves when the printed address answers. */
async function run(data: string, listen: string, start: Start): Promise<Running> {
  const args = ['serve', '--listen', listen, '--data', data, '--site', site, ...(start.flags ?? [])]
  const child = spawn(binary, args, { cwd: data, env: environment(start), stdio: ['ignore', 'pipe', 'pipe'] })
  const log: string[] = []
  let failed = ''
  child.on('error', error => (failed = error.message))
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => log.push(text))
  }
  const until = Date.now() + 20_000
  while (Date.now() < until && !failed && child.exitCode === null && child.signalCode === null) {
    const printed = /http:\/\/127\.0\.0\.1:[1-9]\d*(?:\/\S*)?(?=\s)/.exec(log.join(''))?.[0]
    if (printed && (await answers(new URL(printed).origin))) return { process: child, printed, log }
    await sleep(20)
  }
  await end(child, 'SIGKILL')
  throw new Error(`${binary} did not start: ${failed}\n${log.join('')}`)
}

async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual' })
    return true
  } catch {
    return false
  }
}

/** Ends a process by its id; one that does not follow within five seconds is killed. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.kill(signal)
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
  await gone
  clearTimeout(late)
}
