package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	_ "github.com/mattn/go-sqlite3"
)

// One operation of a workload, called again and again, and what ends the workload.
func newWorkload(name string) (op func() error, end func(), err error) {
	switch name {
	case "sql":
		return newSQL()
	case "http":
		return newHTTP()
	case "json":
		return newJSON()
	case "channels":
		return channels, func() {}, nil
	case "mutex":
		return mutexes, func() {}, nil
	}
	return nil, nil, fmt.Errorf("no workload is called %q", name)
}

// A range query on an index of SQLite, in memory; its rows are scanned.
func newSQL() (func() error, func(), error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(1) // another connection would be another database
	_, err = db.Exec(`create table item (id integer primary key, shop integer, name text, price real);
		create index item_shop on item (shop);
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
		insert into item select i, i * 7919 % 400, 'item ' || i, i * 0.25 from n`)
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	query, err := db.Prepare("select id, name, price from item where shop = ? order by price desc")
	if err != nil {
		db.Close()
		return nil, nil, err
	}
	shop := 0
	return func() error {
		shop = (shop + 1) % 400
		rows, err := query.Query(shop)
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var id int64
			var name string
			var price float64
			if err := rows.Scan(&id, &name, &price); err != nil {
				return err
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if n != 50 {
			return fmt.Errorf("sql: %d rows, expected 50", n)
		}
		return nil
	}, func() { db.Close() }, nil
}

// A small answer over the loopback device; the server is in the same process.
func newHTTP() (func() error, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "Hello, world!\n") })}
	go server.Serve(l)
	url := "http://" + l.Addr().String() + "/"
	client := &http.Client{Transport: &http.Transport{}}
	return func() error {
		answer, err := client.Get(url)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("http: %s", answer.Status)
		}
		return nil
	}, func() { server.Close() }, nil
}

type order struct {
	ID       int               `json:"id"`
	Customer string            `json:"customer"`
	Tags     map[string]string `json:"tags"`
	Items    []item            `json:"items"`
}

type item struct {
	Name     string  `json:"name"`
	Price    float64 `json:"price"`
	Quantity int     `json:"quantity"`
	InStock  bool    `json:"in_stock"`
}

// A document of about 100 KB is read and written again.
func newJSON() (func() error, func(), error) {
	var orders []order
	for i := 0; i < 200; i++ {
		o := order{ID: i, Customer: fmt.Sprint("customer ", i*37), Tags: map[string]string{"channel": "web", "region": fmt.Sprint("r", i%7)}}
		for k := 0; k < 6; k++ {
			o.Items = append(o.Items, item{Name: fmt.Sprint("item ", i*k), Price: float64(i*k) / 4, Quantity: k, InStock: k%3 > 0})
		}
		orders = append(orders, o)
	}
	text, err := json.Marshal(orders)
	if err != nil {
		return nil, nil, err
	}
	return func() error {
		var read []order
		if err := json.Unmarshal(text, &read); err != nil {
			return err
		}
		again, err := json.Marshal(read)
		if err == nil && len(again) != len(text) {
			err = fmt.Errorf("json: %d bytes, expected %d", len(again), len(text))
		}
		return err
	}, func() {}, nil
}

// 10,000 numbers from one goroutine to another, without a buffer.
func channels() error {
	const n = 10000
	c := make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			c <- i
		}
		close(c)
	}()
	sum := 0
	for i := range c {
		sum += i
	}
	if sum != n*(n-1)/2 {
		return fmt.Errorf("channels: sum %d", sum)
	}
	return nil
}

// Two goroutines lock and unlock one mutex 100,000 times altogether.
func mutexes() error {
	const n = 50000
	var mu sync.Mutex
	var wait sync.WaitGroup
	count := 0
	for g := 0; g < 2; g++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := 0; i < n; i++ {
				mu.Lock()
				count++
				mu.Unlock()
			}
		}()
	}
	wait.Wait()
	if count != 2*n {
		return fmt.Errorf("mutex: count %d", count)
	}
	return nil
}
