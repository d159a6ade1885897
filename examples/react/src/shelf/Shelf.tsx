import { useState } from 'react'
import styles from './Shelf.module.css'
import { TeaCard } from './TeaCard'
import { type Tea, teas } from './teas'

const kinds: (Tea['kind'] | 'all')[] = ['all', 'green', 'black', 'herbal']

export function Shelf() {
  const [search, setSearch] = useState('')
  const [kind, setKind] = useState(kinds[0])

  const wanted = search.trim().toLowerCase()
  const found = teas.filter(
    (tea) =>
      (kind === 'all' || tea.kind === kind) && `${tea.name} ${tea.taste}`.toLowerCase().includes(wanted),
  )

  return (
    <section className={`card ${styles.shelf}`} aria-label="The shelf">
      <div className={styles.filters}>
        <label className={`field ${styles.search}`}>
          <span>What are you looking for?</span>
          <input
            type="search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            placeholder="Type something to lose"
            autoComplete="off"
          />
        </label>
        <fieldset className={styles.kinds}>
          <legend>Kind</legend>
          {kinds.map((name) => (
            <label key={name}>
              <input type="radio" name="kind" checked={name === kind} onChange={() => setKind(name)} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {found.length === 0 ? (
        <p className={styles.none}>There is no such tea on the shelf, yet.</p>
      ) : (
        <ul className={styles.teas}>
          {found.map((tea) => (
            <TeaCard key={tea.file} tea={tea} />
          ))}
        </ul>
      )}
    </section>
  )
}
