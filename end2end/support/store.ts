import type { Page } from '@playwright/test'
import { api } from './people.ts'

/** A variant without fields is its name, one with fields an object of one member. */
type Variant = string | Record<string, unknown>

interface Message {
  author: { address: string }
  text: string | null
  html: string
  parent: string | null
  key: string
  standing: Variant
  edited: unknown
  lock: unknown
}

interface Event {
  what: Variant
  by: { address: string }
  key: string
}

type Entry = { message: Message } | { event: Event }

interface Sink {
  conversation: {
    subject: string
    participants: { address: string; role: string; history: Variant }[]
    entries: Entry[]
  }
}

/** A conversation as the store holds it for one person, without what differs from run to run: keys, times, hashes. */
export interface Held {
  subject: string
  people: string[]
  entries: string[]
}

/** Reads a conversation, `/c/…`, through the API. */
export async function held(page: Page, conversation: string): Promise<Held> {
  const { conversation: sink } = await api<Sink>(page, `/d/${conversation.replace('/c/', '')}/`)
  const places = new Map(sink.entries.map((entry, place) => ['event' in entry ? entry.event.key : entry.message.key, place]))
  return {
    subject: sink.subject,
    people: sink.participants.map(({ address, role, history }) => `${address} ${role} ${named(history)}`),
    entries: sink.entries.map(entry => ('event' in entry ? event(entry.event) : message(entry.message, places))),
  }
}

function named(variant: Variant): string {
  return typeof variant === 'string' ? variant : (Object.keys(variant)[0] ?? '')
}

function event({ what, by }: Event): string {
  return `${by.address}: ${named(what)}`
}

function message(message: Message, places: Map<string, number>): string {
  const { author, text, html, parent, standing, edited, lock } = message
  const marks = [
    parent ? `answers ${places.get(parent)}` : '',
    named(standing) === 'present' ? '' : named(standing),
    edited ? 'edited' : '',
    lock ? 'locked' : '',
  ]
  // What others wrote comes as it is shown.
  const said = text ?? html.replace(/<[^>]*>/g, '').trim()
  return [`${author.address}: ${said}`, ...marks.filter(Boolean)].join(', ')
}
