import { useState } from 'react'
import styles from './Counter.module.css'

export function Counter() {
  const [cups, setCups] = useState(0)

  return (
    <div className={styles.counter}>
      <output className={styles.number}>{cups}</output>
      <p className={styles.caption}>{cups === 1 ? 'cup of tea poured' : 'cups of tea poured'}</p>
      <div className={styles.buttons}>
        <button type="button" className="button" disabled={cups === 0} onClick={() => setCups(cups - 1)}>
          Take one back
        </button>
        <button type="button" className="button primary" onClick={() => setCups(cups + 1)}>
          Pour a cup
        </button>
      </div>
    </div>
  )
}
