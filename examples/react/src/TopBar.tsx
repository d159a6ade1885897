import { describeBasket, emptyBasket, useBasket } from './basket'
import styles from './TopBar.module.css'
import { Uptime } from './Uptime'

const pages = [
  { href: '/', title: 'The shop' },
  { href: '/shelf.html', title: 'The shelf' },
]

/** On both pages: an edit of this file, or of the basket, updates both. */
export function TopBar({ current }: { current: string }) {
  const basket = useBasket()

  return (
    <div className={styles.bar}>
      <p className={styles.name}>
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <strong>bino-hmr</strong>
      </p>
      <nav className={styles.pages} aria-label="Pages">
        {pages.map(({ href, title }) => (
          <a key={href} href={href} aria-current={href === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <p className={styles.state}>
        <span className="pill" data-basket>
          {describeBasket(basket)}
        </span>
        {basket.length > 0 && (
          <button type="button" className={styles.empty} onClick={emptyBasket}>
            Empty
          </button>
        )}
        <Uptime />
      </p>
    </div>
  )
}
