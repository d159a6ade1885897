import styles from './Greeting.module.css'

// Change the heading, save, and look at the page: the counter, the form and the open tab stay as they are.
const HEADING = 'Save a file, keep your place'

export function Greeting() {
  return (
    <header className={styles.greeting}>
      <h1>{HEADING}</h1>
      <p className={styles.lead}>
        Count to something and start an order. Then open <code>src/Greeting.tsx</code>, change its heading,
        and save.
      </p>
    </header>
  )
}
