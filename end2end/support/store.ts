import type { Page } from '@playwright/test'
import { api } from './people.ts'

interface Entry {
  entry: 'message' | 'event'
  what?: { what: string }
  author?: { address: string }
  by?: { address: string }
  text?: string | null
  html?: string
  parent?: string | null
  key: string
  standing?: { state: string }
  edited?: unknown
  lock?: unknown
}

interface Sink {
  kind: string
  subject: string
  participants: { address: string; role: string; history: unknown }[]
  entries: Entry[]
}

/** A conversation as the store holds it for one person, without what differs from run to run: keys, times, hashes. */
export interface Held {
  subject: string
  people: string[]
  entries: string[]
}

/** Reads a conversation, `/c/…`, through the API. */
export async function held(page: Page, conversation: string): Promise<Held> {
  const sink = await api<Sink>(page, `/d/${conversation.replace('/c/', '')}/`)
  const places = new Map(sink.entries.map(({ key }, place) => [key, place]))
  return {
    subject: sink.subject,
    people: sink.participants.map(({ address, role, history }) => {
      const scope = typeof history === 'string' ? history : Object.keys(history as object)[0]
      return `${address} ${role} ${scope}`
    }),
    entries: sink.entries.map(entry => (entry.entry === 'event' ? event(entry) : message(entry, places))),
  }
}

function event({ what, by }: Entry): string {
  return `${by?.address}: ${what?.what}`
}

function message(entry: Entry, places: Map<string, number>): string {
  const { author, text, html, parent, standing, edited, lock } = entry
  const marks = [
    parent ? `answers ${places.get(parent)}` : '',
    standing?.state === 'present' ? '' : standing?.state,
    edited ? 'edited' : '',
    lock ? 'locked' : '',
  ]
  return [`${author?.address}: ${text ?? html}`, ...marks.filter(Boolean)].join(', ')
}
