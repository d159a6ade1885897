import styles from './TryThis.module.css'

const ideas = [
  {
    file: 'src/Greeting.tsx',
    change: 'the heading',
    effect: 'Fast Refresh puts in the new component; everything on the page stays.',
  },
  {
    file: 'src/Counter.module.css',
    change: 'the colour of .number',
    effect: 'The number you counted keeps its value and gets its new colour.',
  },
  {
    file: 'src/price.ts',
    change: 'a price',
    effect: 'No component here: the change goes up to OrderForm.tsx, and your order is priced anew.',
  },
  {
    file: 'src/styles.css',
    change: '--accent',
    effect: 'A plain style sheet is swapped; no JavaScript runs again.',
  },
  {
    file: 'src/main.tsx',
    change: 'anything',
    effect: 'Nothing above it can accept the change, so the page reloads.',
  },
]

export function TryThis() {
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
