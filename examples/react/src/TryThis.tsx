import styles from './TryThis.module.css'

export interface Idea {
  file: string
  change: string
  effect: string
}

export function TryThis({ ideas }: { ideas: Idea[] }) {
  return (
    <ul className={styles.list}>
      {ideas.map(({ file, change, effect }) => (
        <li key={file}>
          <p>
            <code>{file}</code> <span>{change}</span>
          </p>
          <p className={styles.effect}>{effect}</p>
        </li>
      ))}
    </ul>
  )
}
