import styles from './UpdateLog.module.css'
import { clearUpdates, type LogEntry, useUpdates } from './updates'

const time = new Intl.DateTimeFormat('en', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

const titles: Record<LogEntry['kind'], string> = {
  update: 'Updated in place',
  styles: 'Styles swapped',
  reload: 'Page reloaded',
}

/** The last things that the dev server had this page do. */
export function UpdateLog() {
  const entries = useUpdates()

  return (
    <section className={`card ${styles.log}`} aria-labelledby="what-just-happened">
      <div className={styles.head}>
        <h2 id="what-just-happened">What just happened</h2>
        {entries.length > 0 && (
          <button type="button" className={styles.clear} onClick={clearUpdates}>
            Clear
          </button>
        )}
      </div>
      <div aria-live="polite">
        {entries.length === 0 ? (
          <p className={styles.empty}>Nothing yet. Save a file, and it shows up here.</p>
        ) : (
          <ol className={styles.list}>
            {entries.map((entry) => (
              <Entry key={entry.id} entry={entry} />
            ))}
          </ol>
        )}
      </div>
    </section>
  )
}

function Entry({ entry: { at, kind, modules, took } }: { entry: LogEntry }) {
  return (
    <li className={styles.entry} data-kind={kind}>
      <p className={styles.title}>
        <strong>{titles[kind]}</strong>
        <span>
          {took !== undefined && `${Math.round(took)} ms · `}
          <time dateTime={new Date(at).toISOString()}>{time.format(at)}</time>
        </span>
      </p>
      {modules.length > 0 && (
        <p className={styles.modules}>
          {modules.map((name) => (
            <code key={name}>{name}</code>
          ))}
        </p>
      )}
    </li>
  )
}
