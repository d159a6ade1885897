import { TopBar } from '../TopBar'
import { TryThis } from '../TryThis'
import { UpdateLog } from '../UpdateLog'
import { ideas } from './ideas'
import { Shelf } from './Shelf'
import styles from './ShelfPage.module.css'

export function ShelfPage() {
  return (
    <div className="page">
      <TopBar current="/shelf.html" />
      <header className={styles.head}>
        <h1>What is on the shelf</h1>
        <p>
          A page with an entry of its own. Open it beside the shop: an edit of what only one of them uses
          leaves the other alone.
        </p>
      </header>
      <main className="workbench">
        <Shelf />
        <div className={styles.side}>
          <UpdateLog />
          <section className={`card ${styles.ideas}`} aria-labelledby="who-hears">
            <h2 id="who-hears">Who hears what</h2>
            <TryThis ideas={ideas} />
          </section>
        </div>
      </main>
    </div>
  )
}
