import { Counter } from './Counter'
import { Greeting } from './Greeting'
import { ideas } from './ideas'
import { OrderForm } from './OrderForm'
import { Tabs } from './Tabs'
import { TopBar } from './TopBar'
import { TryThis } from './TryThis'
import { UpdateLog } from './UpdateLog'

export function App() {
  return (
    <div className="page">
      <TopBar current="/" />
      <Greeting />
      <main className="workbench">
        <Tabs
          label="The tea shop"
          tabs={[
            { id: 'count', title: 'Count', panel: <Counter /> },
            { id: 'order', title: 'Order', panel: <OrderForm /> },
            { id: 'try', title: 'What to edit', panel: <TryThis ideas={ideas} /> },
          ]}
        />
        <UpdateLog />
      </main>
    </div>
  )
}
